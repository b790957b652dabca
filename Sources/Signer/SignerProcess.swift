import Glibc
import SigningSocket
import SystemCalls

/// The signer's role of agentd's executable.
public enum SignerProcess {
  /// Signs until its listener is gone; blocks the calling thread.
  ///
  /// - Parameter socket: the signer's end of a `SigningSocket`, on which the key comes first.
  /// - Returns: the exit code, as in sysexits(3): `EX_CONFIG` where there is no key in the file.
  public static func run(socket: FileDescriptor) -> Int32 {
    do throws(SystemError) {
      guard let keyFile = try SigningSocket.receiveKey(from: socket) else { return EX_PROTOCOL }
      // Without a key there is nothing to say: the listener finds its socket closed and tells.
      guard let signer = try? Signer(keyFile: keyFile, socket: socket) else { return EX_CONFIG }
      try signer.run()
      return EXIT_SUCCESS
    } catch {
      return EX_OSERR
    }
  }
}
