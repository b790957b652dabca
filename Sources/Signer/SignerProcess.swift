import Glibc
import Sandbox
import SigningSocket
import SystemCalls

/// The signer's role of agentd's executable.
public enum SignerProcess {
  /// Signs until its listener is gone; blocks the calling thread, which has to be the only one, and confines the process for
  /// good.
  ///
  /// - Parameter socket: the signer's end of a `SigningSocket`, on which the key comes first.
  /// - Returns: the exit code, as in sysexits(3).
  public static func run(socket: FileDescriptor) -> Int32 {
    // What this kernel lacks the listener, under the same one, warns of.
    serve(socket: socket) { _ = Confinement.signer.enter() }
  }

  /// `run` without what changes the process: that is `confine`, called once the key is there and nothing has been asked.
  static func serve(socket: FileDescriptor, confine: () -> Void = {}) -> Int32 {
    do throws(SystemError) {
      guard let keyFile = try SigningSocket.receiveKey(from: socket) else { return EX_PROTOCOL }
      // Without a key everything is refused, and the listener tells: a closed socket is that of a signer that was killed.
      let signer = (try? Signer(keyFile: keyFile, socket: socket)) ?? Signer(withoutKeyOn: socket)
      confine()
      try signer.run()
      return EXIT_SUCCESS
    } catch {
      return EX_OSERR
    }
  }
}
