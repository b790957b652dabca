import Glibc
import Sandbox
import SigningLink
import SystemCalls

/// The signer's role of agentd's executable.
public enum SignerProcess {
  /// Signs until its listener is gone; blocks the calling thread, which has to be the only one, and confines the process for
  /// good.
  ///
  /// - Parameter socket: the signer's end of the first `SigningLink`, on which key and other sockets come first.
  /// - Returns: the exit code, as in sysexits(3).
  public static func run(socket: FileDescriptor) -> Int32 {
    // What this kernel lacks the listener, under the same one, warns of.
    serve(socket: socket) { _ = Confinement.signer.enter() }
  }

  /// `run` without what changes the process: that is `confine`, called on each thread before it hears the listener. What a thread
  /// gives up is its own, and afterwards no others can be started.
  static func serve(socket: FileDescriptor, confine: @escaping @Sendable () -> Void = {}) -> Int32 {
    do throws(SystemError) {
      guard let delivery = try SigningLink.receiveDelivery(from: socket) else { return EX_PROTOCOL }
      // Without a key everything is refused, and the listener tells: a closed socket is that of a signer that was killed.
      let key = KeyFile.read(delivery.key)
      for other in delivery.others {
        try DetachedThread.start {
          confine()
          var signer = try? Signer(key, socket: other, isFirst: false)
          try? signer?.run()
          // The listener notices, whatever it was.
          other.close()
        }
      }
      var signer = try Signer(key, socket: socket, isFirst: true)
      confine()
      try signer.run()
      return EXIT_SUCCESS
    } catch {
      return EX_OSERR
    }
  }
}
