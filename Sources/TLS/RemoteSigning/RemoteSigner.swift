import OpenSSL

/// Makes signatures with a key that is not in this process.
public protocol RemoteSigner: AnyObject, Sendable {
  /// Signs a handshake message. Called on the thread that drives the handshake, which waits for the answer.
  ///
  /// - Returns: `nil` if no signature can be made; the handshake then fails.
  func sign(_ message: UnsafeRawBufferPointer, _ scheme: SignatureScheme) -> [UInt8]?
}
