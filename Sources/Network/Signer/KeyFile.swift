import OpenSSL
import SystemCalls

/// The file that holds the listener's private key, as unencrypted PEM.
enum KeyFile {
  /// The maximum size of the file, in bytes.
  static let limit = 65536

  /// Reads the key and closes the file.
  ///
  /// - Returns: `nil` if the file cannot be read or holds no usable key.
  static func read(_ file: FileDescriptor) -> PrivateKey? {
    defer { file.close() }
    return try? PrivateKey.first(inPEM: SecretBytes(readingDescriptor: file.raw, limit: limit))
  }
}
