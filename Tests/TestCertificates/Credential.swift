import Glibc
import SystemCalls

/// A certificate with its key, as files in PEM.
public final class Credential: Sendable {
  /// The folder with all its files.
  public let folder: String
  /// Who issued it; nil for a self-signed one.
  public let issuer: Credential?

  init(folder: String, issuer: Credential?) {
    self.folder = folder
    self.issuer = issuer
  }

  /// The certificate alone.
  public var certificatePath: String { "\(folder)/certificate.pem" }
  /// The key: unencrypted PKCS#8.
  public var keyPath: String { "\(folder)/key.pem" }
  /// The certificate, then its issuers without the root.
  public var chainPath: String { "\(folder)/chain.pem" }
  /// Key, certificate, issuers and root: what an administrator is given to import.
  public var bundlePath: String { "\(folder)/bundle.pem" }

  /// The certificate alone, in PEM.
  public var certificatePEM: String { get throws { try text(certificatePath) } }
  /// The key, in PEM.
  public var keyPEM: String { get throws { try text(keyPath) } }

  /// This one and its issuers up to the root.
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
