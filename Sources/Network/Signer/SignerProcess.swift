import Glibc
import Sandbox
import SigningLink
import SystemCalls

/// The signer role of agentd-network.
public enum SignerProcess {
  /// Signs until the listener is gone. Blocks the calling thread, which must be the only one, and confines the process permanently.
  ///
  /// - Parameter socket: the signer's end of the first `SigningLink`, which first delivers the key and the other sockets.
  /// - Returns: the exit code, as in sysexits(3).
  public static func run(socket: FileDescriptor) -> Int32 {
    // The listener runs on the same kernel and warns about what it lacks.
    serve(socket: socket) { _ = Confinement.signer.enter() }
  }

  /// Does the work of `run` without changing the process, which is left to `confine`.
  ///
  /// Each thread calls `confine` before it reads from the listener: confinement applies per thread, and no thread can be started
  /// afterwards.
  static func serve(socket: FileDescriptor, confine: @escaping @Sendable () -> Void = {}) -> Int32 {
    do throws(SystemError) {
      guard let delivery = try SigningLink.receiveDelivery(from: socket) else { return EX_PROTOCOL }
      // Without a key every request is refused, and the listener reports that; a closed socket would look like a killed signer.
      let key = KeyFile.read(delivery.key)
      for other in delivery.others {
        try DetachedThread.start {
          confine()
          var signer = try? Signer(key, socket: other, isFirst: false)
          try? signer?.run()
          // Whatever the error was, the listener notices the closed socket.
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
