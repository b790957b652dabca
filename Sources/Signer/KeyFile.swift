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
    guard let bytes = try? SecretBytes(readingDescriptor: file.raw, limit: limit),
      let block = try? PEMBlock.all(in: bytes).first(where: { $0.kind == .privateKey })
    else { return nil }
    return try? PrivateKey(pem: block)
  }
}
