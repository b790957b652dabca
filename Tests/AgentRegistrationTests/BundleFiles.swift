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

  /// A PKCS#7 message with the root, the intermediate and perhaps a leaf, in DER or, with a label, in PEM.
  func message(labelled label: String? = nil, _ leaf: Credential? = nil) throws -> [UInt8] {
    var words = ["crl2pkcs7", "-nocrl", "-outform", label == nil ? "DER" : "PEM"]
    for credential in (leaf.map { [$0] } ?? []) + [intermediate, root] {
      words += ["-certfile", credential.certificatePath]
    }
    let output = "\(try pki.scratchFolder())/output"
    try OpenSSLTool.run(words + ["-out", output], scratch: pki.folder)
    guard let label else { return try bytes(output) }
    return Array(try pem(output).replacing(" PKCS7-", with: " \(label)-").utf8)
  }

  /// A container whose MAC says that it is made with PBMAC1, which OpenSSL before 3.4 does not have.
  func withPBMAC1(_ container: [UInt8]) throws -> [UInt8] {
    let sha256: [UInt8] = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]
    let pbmac1: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0E]
    let place = container.indices.last { container[$0...].starts(with: sha256) } ?? 0
    return container[..<place] + pbmac1 + container[(place + sha256.count)...]
  }
}
