import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// Every form of a valid bundle can be imported, and importing it again changes nothing.
struct AcceptedBundles {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let counts: String
    let password: String?
    let contents: @Sendable (BundleFiles) throws -> [UInt8]

    /// - Parameter counts: the numbers of certificates, keys, roots and revocation lists in the store afterwards.
    init(
      _ name: String, _ counts: String, password: String? = nil,
      _ contents: @escaping @Sendable (BundleFiles) throws -> [UInt8]
    ) {
      (testDescription, self.counts, self.password, self.contents) = (name, counts, password, contents)
    }

    init(
      _ name: String, _ counts: String, password: String? = nil, pem: @escaping @Sendable (BundleFiles) throws -> String
    ) {
      self.init(name, counts, password: password) { Array(try pem($0).utf8) }
    }
  }

  static let table = [
    Row("key, certificate, root", "1 1 1 0", pem: { try $0.pem($0.listener.bundlePath) }),
    Row("the article's: encrypted PKCS#8 and chain", "1 1 1 0", password: "secret", pem: { try $0.article() }),
    Row("key last", "1 1 1 0") {
      try Array(($0.root.certificatePEM + $0.listener.certificatePEM + $0.listener.keyPEM).utf8)
    },
    Row("root first, key between") {
      try $0.root.certificatePEM + $0.listener.keyPEM + $0.listener.certificatePEM
    },
    Row("with an intermediate", "2 1 1 0") {
      let leaf = try $0.pki.server("agent02", by: $0.intermediate)
      return try $0.bytes(leaf.bundlePath)
    },
    Row("with an intermediate, chain in reverse", "2 1 1 0") {
      let leaf = try $0.pki.server("agent02", by: $0.intermediate)
      return try Array((leaf.keyPEM + leaf.path.reversed().map { try $0.certificatePEM }.joined()).utf8)
    },
    Row("CRLF line ends") { try $0.article().split(separator: "\n").map { $0 + "\r\n" }.joined() },
    Row("CR line ends, as of old") { try $0.article().split(separator: "\n").map { $0 + "\r" }.joined() },
    Row("byte order mark first") { "\u{FEFF}" + (try $0.article()) },
    Row("text between the blocks") {
      let blocks = try [$0.encryptedKey(of: $0.listener), $0.listener.certificatePEM, $0.root.certificatePEM]
      return blocks.map { "Bag Attributes\n    friendlyName: AGENT01\nKey Attributes: <No Attributes>\n\n\($0)\n" }
        .joined()
    },
    Row("CR CR LF line ends, as of a file sent as text twice") { try $0.article().replacing("\n", with: "\r\r\n") },
    Row("CR CR LF line ends, traditional encrypted key", "1 1 1 0", password: "secret") {
      let leaf = try $0.server("rsa") { $0.key = .rsa2048 }
      let key = try $0.made(
        "rsa", "-traditional", "-aes256", "-in", leaf.keyPath, "-passout", "pass:secret", "-out", "@")
      let text = try $0.text(key) + leaf.certificatePEM + $0.root.certificatePEM
      return Array(text.replacing("\n", with: "\r\r\n").utf8)
    },
    Row("an empty line after each line") { try $0.article().replacing("\n", with: "\n\n") },
    Row("byte order mark before each part") { try $0.article().replacing("-----BEGIN", with: "\u{FEFF}-----BEGIN") },
    Row("no-break spaces after lines, Ctrl-Z at the end") {
      try $0.article().replacing("\n", with: "\t\u{A0}\n").dropLast() + "\u{1A}"
    },
    Row("everything twice") { try $0.listener.bundlePathTwice($0) },
    Row("the key twice") { try $0.encryptedKey(of: $0.listener) + $0.article() },
    Row("the key plain and encrypted") { try $0.listener.keyPEM + $0.article() },
    Row("the key in both forms, with parameters", "1 1 1 0") {
      let key = try $0.made("ec", "-in", $0.listener.keyPath, "-out", "@")
      return try key + $0.bytes($0.listener.bundlePath)
    },
    Row("the key first and last", "1 1 1 0", pem: { try $0.pem($0.listener.bundlePath) + $0.listener.keyPEM }),
    Row("the key four times", "1 1 1 0") {
      try String(repeating: $0.listener.keyPEM, count: 3) + $0.pem($0.listener.bundlePath)
    },
    Row("RSA, traditional, plain", "1 1 1 0") {
      let leaf = try $0.server("rsa") { $0.key = .rsa2048 }
      let key = try $0.made("rsa", "-traditional", "-in", leaf.keyPath, "-out", "@")
      return try key + Array((leaf.certificatePEM + $0.root.certificatePEM).utf8)
    },
    Row("RSA, traditional, encrypted", "1 1 1 0", password: "secret") {
      let leaf = try $0.server("rsa") { $0.key = .rsa2048 }
      let key = try $0.made(
        "rsa", "-traditional", "-aes256", "-in", leaf.keyPath, "-passout", "pass:secret", "-out", "@")
      return try key + Array((leaf.certificatePEM + $0.root.certificatePEM).utf8)
    },
    Row("EC, traditional, with its parameters before it", "1 1 1 0") {
      let key = try $0.made("ec", "-in", $0.listener.keyPath, "-out", "@")
      let parameters = try $0.made("ecparam", "-name", "prime256v1", "-out", "@")
      return try parameters + key + Array(($0.listener.certificatePEM + $0.root.certificatePEM).utf8)
    },
    Row("Ed25519", "1 1 1 0") { try $0.bytes($0.server("edwards") { $0.key = .ed25519 }.bundlePath) },
    Row("no purpose named", "1 1 1 0") {
      try $0.bytes($0.pki.issue(CertificateRecipe("/CN=any", .anyPurpose), by: $0.root).bundlePath)
    },
    Row("a cross-signed root that leads nowhere before the real one", "1 1 1 0") {
      let stranger = try $0.pki.root("Stranger")
      let crossed = try $0.made(
        "req", "-x509", "-key", $0.root.keyPath, "-subj", "/CN=Scheduler Root", "-CA", stranger.certificatePath,
        "-CAkey",
        stranger.keyPath, "-out", "@")
      return try Array((files($0, crossed)).utf8)
    },
    Row("PKCS#12", "1 1 1 0", password: "secret") { try $0.pkcs12("-passout", "pass:secret") },
    Row("PKCS#12 of an older Windows (RC2, 3DES)", "1 1 1 0", password: "secret") {
      try $0.pkcs12("-legacy", "-passout", "pass:secret")
    },
    Row("PKCS#12 with attributes of a Windows key", "1 1 1 0", password: "secret") {
      try $0.pkcs12("-passout", "pass:secret", "-name", "AGENT01", "-CSP", "Microsoft Enhanced Provider", "-keysig")
    },
    Row("PKCS#12 with a plain key bag", "1 1 1 0", password: "secret") {
      try $0.pkcs12("-passout", "pass:secret", "-keyex", "-keypbe", "NONE", "-certpbe", "NONE")
    },
    Row("PKCS#12 without a MAC", "1 1 1 0") {
      try $0.pkcs12("-passout", "pass:", "-name", "AGENT01", "-nomac", "-keypbe", "NONE", "-certpbe", "NONE")
    },
    Row("PEM of PKCS#12, with key attributes", "1 1 1 0") {
      let container = "\(try $0.pki.scratchFolder())/attributes.p12"
      try DurableFile.replace(container, with: $0.pkcs12("-passout", "pass:secret", "-keysig"), mode: 0o600)
      return try $0.made("pkcs12", "-in", container, "-passin", "pass:secret", "-nodes", "-out", "@")
    },
    Row("PKCS#12 with an empty password", "1 1 1 0") { try $0.pkcs12("-passout", "pass:") },
    Row("a root alone", "0 0 1 0") { try Array($0.root.certificatePEM.utf8) },
    Row("two roots", "0 0 2 0") {
      try Array(($0.root.certificatePEM + $0.pki.root("Other Root").certificatePEM).utf8)
    },
    Row("a root in DER", "0 0 1 0") {
      try $0.made("x509", "-in", $0.root.certificatePath, "-outform", "DER", "-out", "@")
    },
    Row("root and intermediate", "1 0 1 0") {
      try Array(($0.intermediate.certificatePEM + $0.root.certificatePEM).utf8)
    },
    Row("PKCS#7 of a Windows CA, in DER", "1 0 1 0") { try $0.message() },
    Row("the same, labelled as a certificate", "1 0 1 0") { try $0.message(labelled: "CERTIFICATE") },
    Row("the same, labelled as PKCS#7", "1 0 1 0") { try $0.message(labelled: "PKCS7") },
    Row("the same, labelled as CMS", "1 0 1 0") { try $0.message(labelled: "CMS") },
    Row("key, and its chain in PKCS#7", "2 1 1 0") {
      let leaf = try $0.pki.server("agent02", by: $0.intermediate)
      return try Array(leaf.keyPEM.utf8) + $0.message(labelled: "CERTIFICATE", leaf)
    },
    Row("PKCS#7 with a revocation list", "0 0 1 1") {
      let list = try $0.pki.revocationList(by: $0.root, revoking: [])
      return try $0.made("crl2pkcs7", "-in", list, "-certfile", $0.root.certificatePath, "-outform", "DER", "-out", "@")
    },
    Row("a root and its revocation list", "0 0 1 1") {
      let list = try $0.pki.revocationList(by: $0.root, revoking: [$0.listener])
      return try Array(($0.pem(list) + $0.root.certificatePEM).utf8)
    },
  ]

  private static func files(_ files: BundleFiles, _ crossed: [UInt8]) throws -> String {
    try files.listener.keyPEM + files.listener.certificatePEM + files.text(crossed) + files.root.certificatePEM
  }

  @Test(arguments: table) func isImported(row: Row) async throws {
    let host = try ScratchHost()
    try host.folder.write("bundle", try row.contents(BundleFiles()), mode: 0o600)
    try host.folder.write("password", "\(row.password ?? "unused")\n", mode: 0o600)
    let first = try await host.register("-I", "bundle", "-P", "password")
    #expect(first.end == .exited(0), "\(first.errorText)")
    let counts = try ["certificates", "keys", "roots", "crls"].map { "\(try host.stored($0).count)" }
    #expect(counts.joined(separator: " ") == row.counts)
    let image = try host.image()
    let second = try await host.register("-I", "bundle", "-P", "password")
    #expect(second.end == .exited(0), "\(second.errorText)")
    #expect(try host.image() == image, "importing again changes nothing")
  }

  /// OpenSSL itself confirms that the stored key belongs to the certificate and is unencrypted.
  @Test func theStoredKeyFitsTheStoredCertificate() async throws {
    let host = try ScratchHost()
    let files = try BundleFiles()
    try host.folder.write("bundle", try files.article(), mode: 0o600)
    try host.folder.write("password", "secret\n", mode: 0o600)
    #expect(try await host.register("-I", "bundle", "-P", "password").end == .exited(0))
    let store = host.folder.path("etc/store/current")
    let name = try #require(try host.stored("keys").first)
    let ofKey = try OpenSSLTool.run(
      ["pkey", "-in", "\(store)/keys/\(name)", "-passin", "pass:", "-pubout"], scratch: files.pki.folder)
    let ofCertificate = try OpenSSLTool.run(
      ["x509", "-in", "\(store)/certificates/\(name)", "-noout", "-pubkey"], scratch: files.pki.folder)
    #expect(ofKey == ofCertificate)
    #expect(try host.folder.read("etc/store/current/keys/\(name)").hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    let digest = try OpenSSLTool.run(
      ["x509", "-in", "\(store)/certificates/\(name)", "-noout", "-fingerprint", "-sha256"], scratch: files.pki.folder)
    let digits = digest.split(separator: "=").last.map { $0.filter(\.isHexDigit).lowercased() }
    #expect(name == "\(digits ?? "").pem")
  }
}

extension AcceptedBundles.Row {
  init(_ name: String, pem: @escaping @Sendable (BundleFiles) throws -> String) {
    self.init(name, "1 1 1 0", password: "secret", pem: pem)
  }
}

extension Credential {
  func bundlePathTwice(_ files: BundleFiles) throws -> String {
    try files.encryptedKey(of: self) + certificatePEM + files.root.certificatePEM + certificatePEM
      + files.root.certificatePEM
  }
}
