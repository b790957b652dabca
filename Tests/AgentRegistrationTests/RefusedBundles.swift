import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// Every invalid bundle is refused with one line that names the file and the remedy, and the store is unchanged.
struct RefusedBundles {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let message: String
    let status: Int32
    let password: String?
    let contents: @Sendable (BundleFiles) throws -> [UInt8]

    /// - Parameter message: the expected text after the file's name; `*` matches anything.
    init(
      _ name: String, _ message: String, status: Int32 = 65, password: String? = nil,
      _ contents: @escaping @Sendable (BundleFiles) throws -> [UInt8]
    ) {
      testDescription = name
      (self.message, self.status, self.password, self.contents) = (message, status, password, contents)
    }

    init(
      _ name: String, _ message: String, password: String? = nil,
      pem: @escaping @Sendable (BundleFiles) throws -> String
    ) {
      self.init(name, message, password: password) { Array(try pem($0).utf8) }
    }
  }

  static let table = [
    Row("empty", "is empty; export or copy it again") { _ in [] },
    Row("garbage", unknown) { _ in (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) } },
    Row("text", unknown, pem: { _ in "AGENT01\n" }),
    Row("too large", "is larger than 1048576 bytes; a certificate bundle is smaller, so this is another file") { _ in
      [UInt8](repeating: 0x0a, count: (1 << 20) + 1)
    },
    Row("cut off in a certificate", "line *: block \"CERTIFICATE\" has no end line; the file is cut off or damaged") {
      try Array($0.bytes($0.listener.bundlePath).dropLast(100))
    },
    Row("cut off in the key", "line 1: block \"PRIVATE KEY\" has no end line; the file is cut off or damaged") {
      try Array($0.bytes($0.listener.bundlePath).prefix(100))
    },
    Row("damaged certificate", "line 1: certificate is damaged: *") { files in
      try files.listener.certificatePEM.split(separator: "\n").enumerated().filter { $0.offset != 3 }
        .map { $0.element + "\n" }.joined()
    },
    Row("damaged key", "line 1: private key cannot be read: *") { files in
      let key = try files.listener.keyPEM.split(separator: "\n").enumerated().filter { $0.offset != 1 }
      return try key.map { $0.element + "\n" }.joined() + files.listener.certificatePEM + files.root.certificatePEM
    },
    Row("block ends as another", "line 1: block \"CERTIFICATE\" ends as \"PRIVATE KEY\"") {
      try $0.listener.certificatePEM.replacing("END CERTIFICATE", with: "END PRIVATE KEY")
    },
    Row(
      "no password given", "is encrypted; give its password with -q (asks for it) or -P FILE", pem: { try $0.article() }
    ),
    Row("wrong password", "wrong password; check it and try again", password: "Secret") {
      try $0.article()
    },
    Row("wrong password, traditional key", wrongPassword, password: "wrong") {
      let leaf = try $0.server("rsa") { $0.key = .rsa2048 }
      let key = try $0.made(
        "rsa", "-traditional", "-aes256", "-in", leaf.keyPath, "-passout", "pass:secret", "-out", "@")
      return try $0.text(key) + leaf.certificatePEM + $0.root.certificatePEM
    },
    Row("PKCS#12, wrong password", wrongPassword, password: "wrong") { try $0.pkcs12("-passout", "pass:secret") },
    Row("PKCS#12, no password", "is encrypted; give its password with -q (asks for it) or -P FILE") {
      try $0.pkcs12("-passout", "pass:secret")
    },
    Row(
      "PKCS#12, a password to be hashed for hours",
      "asks for 8519679 iterations of password hashing, more than 5000000; export it again with fewer "
        + "iterations", password: "secret"
    ) {
      let container = try $0.pkcs12("-passout", "pass:secret", "-iter", "65536")
      let place = container.indices.first { container[$0...].starts(with: [0x02, 0x03, 0x01, 0x00, 0x00]) }
      return place.map { container[..<$0] + [0x02, 0x03, 0x7F, 0xFF, 0xFF] + container[($0 + 5)...] } ?? []
    },
    Row("PKCS#12, protected by PBMAC1", "is a PKCS#12 container protected by PBMAC1, which *", password: "secret") {
      try $0.withPBMAC1($0.pkcs12("-passout", "pass:secret"))
    },
    Row("PKCS#12, protected by PBMAC1, no password", "is a PKCS#12 container protected by PBMAC1, which *") {
      try $0.withPBMAC1($0.pkcs12("-passout", "pass:secret"))
    },
    Row("PKCS#12, cut off", unknown) { try $0.pkcs12("-passout", "pass:secret").dropLast(10) },
    Row("no key", "listener certificate CN=agent01 comes without its private key; export it with the key") {
      try $0.listener.certificatePEM + $0.root.certificatePEM
    },
    Row("listener certificate in DER", "listener certificate CN=agent01 comes without its private key; *") {
      try $0.made("x509", "-in", $0.listener.certificatePath, "-outform", "DER", "-out", "@")
    },
    Row(
      "key of another certificate",
      "private key does not belong to certificate CN=agent01 (key is RSA 2048, certificate holds P-256); "
        + "export key and certificate together"
    ) {
      let other = try $0.server("other") { $0.key = .rsa2048 }
      return try other.keyPEM + $0.listener.certificatePEM + $0.root.certificatePEM
    },
    Row(
      "key of another certificate of the same kind",
      "private key does not belong to certificate CN=agent01 (key is P-256, certificate holds P-256); *"
    ) {
      try $0.pki.server("agent02", by: $0.root).keyPEM + $0.listener.certificatePEM + $0.root.certificatePEM
    },
    Row("a key alone", keyAlone, pem: { try $0.listener.keyPEM }),
    Row("an encrypted key alone", keyAlone, pem: { try $0.encryptedKey(of: $0.listener) }),
    Row("two keys", "holds 2 private keys (lines 1, *), expected one") {
      try $0.listener.keyPEM + $0.root.keyPEM + $0.listener.certificatePEM
    },
    Row("two keys, one encrypted", "holds 2 private keys (lines 1, *), expected one", password: "secret") {
      try $0.encryptedKey(of: $0.root) + $0.listener.keyPEM + $0.listener.certificatePEM
    },
    Row("the key five times", "holds 5 private keys (lines 1, 6, 11, 16, 21), expected one") {
      try String(repeating: $0.listener.keyPEM, count: 4) + $0.pem($0.listener.bundlePath)
    },
    Row("a certificates' message that is damaged", "line 1: pkcs7 is damaged: *") {
      try $0.text($0.message(labelled: "PKCS7")).split(separator: "\n").enumerated().filter { $0.offset != 4 }
        .map { $0.element + "\n" }.joined()
    },
    Row("parts glued together", "line 1: block \"PRIVATE KEY\" ends as *") {
      try $0.listener.keyPEM.dropLast() + $0.listener.certificatePEM + $0.root.certificatePEM
    },
    Row("two listener certificates", "holds 2 certificates that are not a CA's (CN=agent01; CN=agent02), expected one")
    {
      try $0.pem($0.listener.bundlePath) + $0.pki.server("agent02", by: $0.root).certificatePEM
    },
    Row(
      "no root",
      "chain of CN=agent01 is incomplete: the certificate of its issuer CN=Scheduler Root is neither in the file nor in "
        + "the store; export it with the complete chain, or import that certificate first"
    ) { try $0.listener.keyPEM + $0.listener.certificatePEM },
    Row(
      "no intermediate",
      "chain of CN=agent02 is incomplete: the certificate of its issuer CN=Scheduler Intermediate is neither in *"
    ) {
      let leaf = try $0.pki.server("agent02", by: $0.intermediate)
      return try leaf.keyPEM + leaf.certificatePEM + $0.root.certificatePEM
    },
    Row("root of the same name, other key", "chain of CN=agent01 is incomplete: *") {
      let impostor = try $0.pki.issue(
        CertificateRecipe("/CN=Scheduler Root", .authority).with { $0.variant = 1 }, by: nil)
      return try $0.listener.keyPEM + $0.listener.certificatePEM + impostor.certificatePEM
    },
    Row("an intermediate alone", "chain of CN=Scheduler Intermediate is incomplete: *") {
      try $0.intermediate.certificatePEM
    },
    Row("expired", "certificate CN=agent01 expired at 20*Z; import a renewed one") {
      try $0.pem($0.server("agent01") { ($0.notBefore, $0.notAfter) = (-7200, -3600) }.bundlePath)
    },
    Row("expired root", "certificate CN=Old Root expired at 20*Z; import a renewed one") {
      let recipe = CertificateRecipe("/CN=Old Root", .authority).with { ($0.notBefore, $0.notAfter) = (-7200, -3600) }
      return try $0.pki.issue(recipe, by: nil).certificatePEM
    },
    Row("for clients only", "certificate CN=connector is not for servers (its extended key usage lacks serverAuth), *")
    {
      try $0.pem($0.pki.client("connector", by: $0.root).bundlePath)
    },
    Row("Ed448", "certificate CN=odd cannot be used: *") {
      try $0.pem($0.server("odd") { $0.key = .ed448 }.bundlePath)
    },
    Row("brainpool", "certificate CN=odd cannot be used: clients with OpenSSL's defaults cannot connect (*") {
      try $0.pem($0.server("odd") { $0.key = .brainpool }.bundlePath)
    },
    Row("secp256k1", "certificate CN=odd cannot be used: clients with OpenSSL's defaults cannot connect (*") {
      try $0.pem($0.server("odd") { $0.key = .secp256k1 }.bundlePath)
    },
    Row("P-224", "certificate CN=odd cannot be used: *") {
      try $0.pem($0.server("odd") { $0.key = .p224 }.bundlePath)
    },
    Row("key too weak", "certificate CN=weak cannot be used: *key too small*; issue one with a stronger key, *") {
      try $0.pem($0.server("weak") { $0.key = .rsa1024 }.bundlePath)
    },
    Row("digest too weak", "certificate CN=weak cannot be used: *md too weak*; issue one with a stronger key, *") {
      try $0.pem($0.server("weak") { $0.digest = "sha1" }.bundlePath)
    },
    Row("issued by one that is no CA", "CN=no CA is not a certificate authority but issued CN=below; *") {
      let issuer = try $0.pki.issue(CertificateRecipe("/CN=no CA", .bare), by: $0.root)
      let recipe = CertificateRecipe("/CN=below", .server).with { $0.extensions = ["authorityKeyIdentifier = none"] }
      return try $0.pem($0.pki.issue(recipe, by: issuer).bundlePath)
    },
    Row("self-signed listener certificate", "CN=alone is self-signed but not a certificate authority; *") {
      try $0.pem($0.pki.issue(CertificateRecipe("/CN=alone", .server), by: nil).bundlePath)
    },
    Row("the root's own key", "holds the private key of the certificate authority CN=Scheduler Root, which does not *")
    {
      try $0.pem($0.root.bundlePath)
    },
    Row("a request", "holds no certificate, private key or revocation list, only \"CERTIFICATE REQUEST\"; send the *") {
      try $0.text($0.made("req", "-new", "-key", $0.listener.keyPath, "-subj", "/CN=x", "-out", "@"))
    },
    Row("a public key", "holds no certificate, private key or revocation list, only \"PUBLIC KEY\"") {
      try $0.text($0.made("pkey", "-in", $0.listener.keyPath, "-pubout", "-out", "@"))
    },
    Row("a chain that is too long", "chain of CN=deep has more than 8 certificates") { files in
      let last = try (1...7).reduce(files.root) { try files.pki.intermediate("Level \($1)", by: $0) }
      return try files.pem(files.pki.server("deep", by: last).bundlePath)
    },
    Row("more blocks than are read", "more than 256 PEM blocks") {
      String(repeating: try $0.root.certificatePEM, count: 257)
    },
    Row(
      "revocation list of an unknown issuer",
      "revocation list of CN=Scheduler Root: the issuer's certificate is not in the store, or did not sign it; *"
    ) {
      try $0.pem($0.pki.revocationList(by: $0.root, revoking: []))
    },
    Row(
      "revocation list with a forged signature",
      "revocation list of CN=Scheduler Root: the issuer's certificate is not in the store, or did not sign it; *"
    ) {
      let impostor = try $0.pki.issue(
        CertificateRecipe("/CN=Scheduler Root", .authority).with { $0.variant = 1 }, by: nil)
      return try $0.pem($0.pki.revocationList(by: impostor, revoking: [])) + $0.root.certificatePEM
    },
  ]

  private static let unknown =
    "is neither PEM, PKCS#12, PKCS#7, a DER certificate nor a DER revocation list; export it again as PEM"
  private static let wrongPassword = "wrong password; check it and try again"
  private static let keyAlone = "holds a private key but no certificate; export it again with certificate and chain"

  @Test(arguments: table) func isRefused(row: Row) async throws {
    let host = try ScratchHost()
    try host.folder.write("bundle", try row.contents(BundleFiles()), mode: 0o600)
    try host.folder.write("password", "\(row.password ?? "")\n", mode: 0o600)
    try await expect(row, host, "a missing store is not even made")
    // A store in use stays as unchanged as one that does not exist. Its contents must not complete any of the chains.
    let other = try BundleFiles().pki.server("inuse", by: BundleFiles().pki.root("Other Root"))
    try host.folder.write("other", try BundleFiles().bytes(other.bundlePath), mode: 0o600)
    let imported = try await host.register("-I", "other")
    #expect(imported.end == .exited(0), "\(imported.errorText)")
    try await expect(row, host, "the store is as it was")
  }

  private func expect(_ row: Row, _ host: ScratchHost, _ comment: Comment) async throws {
    let image = try host.image()
    let password = row.password == nil ? [] : ["-P", "password"]
    let result = try await host.start(["-I", "bundle"] + password).end()
    #expect(result.end == .exited(row.status))
    #expect(result.outputText.isEmpty)
    let lines = result.errorText.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 2 && lines.last == "", "one line: \(result.errorText)")
    #expect(matches(String(lines[0]), "agent-register: bundle: \(row.message)"), "\(lines[0])")
    #expect(try host.image() == image, comment)
  }
}

/// Returns whether `text` matches `pattern`, in which `*` matches anything.
func matches(_ text: String, _ pattern: String) -> Bool { fnmatch(escaped(pattern), text, 0) == 0 }

private func escaped(_ pattern: String) -> String {
  pattern.map { "?[]\\".contains($0) ? "\\\($0)" : String($0) }.joined()
}
