import Glibc
import SystemCalls

/// A certificate with its key, in PEM files.
public final class Credential: Sendable {
  /// The folder with all its files.
  public let folder: String
  /// The issuer; nil for a self-signed certificate.
  public let issuer: Credential?

  init(folder: String, issuer: Credential?) {
    self.folder = folder
    self.issuer = issuer
  }

  /// The path of the certificate alone.
  public var certificatePath: String { "\(folder)/certificate.pem" }
  /// The path of the key, unencrypted PKCS#8.
  public var keyPath: String { "\(folder)/key.pem" }
  /// The path of the certificate followed by its issuers except the root.
  public var chainPath: String { "\(folder)/chain.pem" }
  /// The path of the bundle that an administrator imports: key, certificate, issuers and root.
  public var bundlePath: String { "\(folder)/bundle.pem" }

  /// The certificate alone, in PEM.
  public var certificatePEM: String { get throws { try text(certificatePath) } }
  /// The key, in PEM.
  public var keyPEM: String { get throws { try text(keyPath) } }

  /// This credential and its issuers up to the root.
  public var path: [Credential] { [self] + (issuer?.path ?? []) }

  func writeChainFiles() throws {
    let path = path
    let chain = try path.filter { $0.issuer != nil || $0 === self }.map { try $0.certificatePEM }.joined()
    let all = try path.map { try $0.certificatePEM }.joined()
    try write(chainPath, chain, mode: 0o644)
    try write(bundlePath, try keyPEM + all, mode: 0o600)
  }

  private func write(_ path: String, _ text: String, mode: mode_t) throws {
    try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode).writeAll(Array(text.utf8), path)
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try DurableFile.read(path, limit: 1 << 20), as: UTF8.self)
  }
}
