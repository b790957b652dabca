import OpenSSL
import SystemCalls

/// The file with the listener's private key: PEM, not encrypted.
enum KeyFile {
  /// It is at most this long, in bytes.
  static let limit = 65536

  /// Reads the key, and closes the file.
  ///
  /// - Returns: `nil` where there is none to be had.
  static func read(_ file: FileDescriptor) -> PrivateKey? {
    defer { file.close() }
    return try? PrivateKey.first(inPEM: SecretBytes(readingDescriptor: file.raw, limit: limit))
  }
}
