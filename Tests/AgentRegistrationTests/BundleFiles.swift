import Glibc
import SystemCalls
import TestCertificates
import TestSupport

/// The parts of bundles. The password of every encrypted one is `secret`.
struct BundleFiles {
  let pki = PKI.shared
  let root: Credential
  let intermediate: Credential
  let listener: Credential

  init() throws {
    root = try pki.root("Scheduler Root")
    intermediate = try pki.intermediate("Scheduler Intermediate", by: root)
    listener = try pki.server("agent01", by: root)
  }

  /// A listener certificate that differs from the usual one.
  func server(_ name: String, by issuer: Credential? = nil, _ change: (inout CertificateRecipe) -> Void) throws
    -> Credential
  {
    try pki.issue(CertificateRecipe("/CN=\(name)", .server).with(change), by: issuer ?? root)
  }

  func pem(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

  func bytes(_ path: String) throws -> [UInt8] { try DurableFile.read(path, limit: 1 << 20) }

  /// The output that an openssl command writes to the file `@` in its arguments.
  func made(_ arguments: String...) throws -> [UInt8] {
    let output = "\(try pki.scratchFolder())/output"
    try OpenSSLTool.run(arguments.map { $0 == "@" ? output : $0 }, scratch: pki.folder)
    return try bytes(output)
  }

  func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  /// The listener's key as encrypted PKCS#8.
  func encryptedKey(of credential: Credential) throws -> String {
    text(
      try made(
        "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", credential.keyPath, "-passout", "pass:secret", "-out", "@"))
  }

  /// Key, certificate and chain, as exported by the article's command.
  func article() throws -> String {
    try encryptedKey(of: listener) + listener.certificatePEM + root.certificatePEM
  }

  func pkcs12(_ options: String...) throws -> [UInt8] {
    let output = "\(try pki.scratchFolder())/output.p12"
    try OpenSSLTool.run(
      ["pkcs12", "-export", "-inkey", listener.keyPath, "-in", listener.certificatePath]
        + ["-certfile", root.certificatePath, "-out", output] + options, scratch: pki.folder)
    return try bytes(output)
  }
}
