import Glibc
import TestCertificates
import TestSupport
import Testing

/// A certificate that some clients will refuse is imported and chosen with a warning that says which, and why.
struct ListenersThatClientsRefuse {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The warning after the certificate's subject; `nil` if there is none.
    let warning: String?
    let make: @Sendable (BundleFiles) throws -> Credential

    init(_ name: String, _ warning: String?, _ make: @escaping @Sendable (BundleFiles) throws -> Credential) {
      (testDescription, self.warning, self.make) = (name, warning, make)
    }
  }

  private static let names = "subjectAltName = DNS:localhost"

  static let table = [
    Row("a good one", nil) { $0.listener },
    Row("RSA", nil) {
      try $0.server("host") {
        ($0.key, $0.extensions) = (.rsa2048, [names])
      }
    },
    Row("RSA-PSS", nil) {
      try $0.server("host") {
        ($0.key, $0.extensions) = (.rsaPSS, [names])
      }
    },
    Row("Ed25519", nil) {
      try $0.server("host") {
        ($0.key, $0.extensions) = (.ed25519, [names])
      }
    },
    Row("below an intermediate", nil) { try $0.pki.server("host", by: $0.intermediate) },
    Row("key usage of encryption alone", "lacks digitalSignature in its key usage: *") {
      try $0.server("host") {
        ($0.key, $0.extensions) = (.rsa2048, [names, "keyUsage = critical, keyEncipherment"])
      }
    },
    Row("key usage of agreement alone", "*") {
      try $0.server("host") { $0.extensions = [names, "keyUsage = critical, keyAgreement"] }
    },
    Row("no alternative names", "has no alternative names: *") { try $0.server("host") { _ in } },
    Row("must-staple", "must be served with a status of its CA (TLS feature, must-staple), *") {
      try $0.server("host") { $0.extensions = [names, "tlsfeature = status_request"] }
    },
    Row("explicit curve", "spells out the parameters of its key's curve *") {
      try $0.server("host") {
        ($0.key, $0.extensions) = (.p256Explicit, [names])
      }
    },
    Row("below a CA of other names", "clients refuse it (permitted subtree violation); *") {
      let issuer = try $0.pki.issue(
        CertificateRecipe("/CN=Narrow CA", .authority).with {
          $0.extensions = ["nameConstraints = critical, permitted;DNS:example.org"]
        }, by: $0.root)
      return try $0.server("host", by: issuer) { $0.extensions = [names] }
    },
    Row("below a CA of clients", "clients refuse it (*); *") {
      let issuer = try $0.pki.issue(
        CertificateRecipe("/CN=Client CA", .authority).with { $0.extensions = ["extendedKeyUsage = clientAuth"] },
        by: $0.root)
      return try $0.server("host", by: issuer) { $0.extensions = [names] }
    },
  ]

  @Test(arguments: table) func areSaid(_ row: Row) async throws {
    let (host, files) = (try ScratchHost(), try BundleFiles())
    let credential = try row.make(files)
    try host.folder.write("bundle", try files.bytes(credential.bundlePath), mode: 0o600)
    let imported = try await host.register("-I", "bundle")
    #expect(imported.end == .exited(0), "\(imported.errorText)")
    let thumbprint = try #require(try host.stored("keys").first).dropLast(4)
    let chosen = try await host.register("-L", "-t", String(thumbprint))
    #expect(chosen.end == .exited(0), "\(chosen.errorText)")
    let others = imported.errorText.split(separator: "\n").filter {
      !$0.contains("still holds the private key") && !$0.contains(" expires in ")
    }
    for lines in [others, chosen.errorText.split(separator: "\n")] {
      guard let warning = row.warning else {
        #expect(lines.isEmpty, "\(lines)")
        continue
      }
      #expect(lines.contains { matches(String($0), "agent-register: warning: *CN=host*\(warning)") }, "\(lines)")
    }
  }

  @Test func oneThatAListRevokesIsSaidWhicheverComesFirst() async throws {
    let (host, files) = (try ScratchHost(), try BundleFiles())
    let words = "*revocation list of CN=Scheduler Root revokes CN=agent01 (sha256 *whoever has this list refuses it*"
    let list = try files.pki.revocationList(by: files.root, revoking: [files.listener])
    #expect(try await host.register("-I", files.root.certificatePath).end == .exited(0))
    let first = try await host.register("-I", list)
    #expect(first.end == .exited(0) && first.errorText.isEmpty, "\(first.errorText)")
    try host.folder.write("bundle", try files.bytes(files.listener.bundlePath), mode: 0o600)
    let imported = try await host.register("-I", "bundle")
    #expect(imported.end == .exited(0) && matches(imported.errorText, words), "\(imported.errorText)")
    let thumbprint = try #require(try host.stored("keys").first).dropLast(4)
    let chosen = try await host.register("-L", "-t", String(thumbprint))
    #expect(chosen.end == .exited(0) && matches(chosen.errorText, words), "\(chosen.errorText)")
  }

  @Test(arguments: [["-l"], ["-l", "--json"], ["-L"], ["-L", "--json"]])
  func aKeyThatOthersCanReadIsSaid(_ arguments: [String]) async throws {
    let (host, files) = (try ScratchHost(), try BundleFiles())
    try host.folder.write("bundle", try files.bytes(files.listener.bundlePath), mode: 0o600)
    #expect(try await host.register("-I", "bundle").end == .exited(0))
    #expect(try await host.start(arguments).end().errorText.isEmpty)
    let name = try #require(try host.stored("keys").first)
    let key = host.folder.path("etc/store/current/keys/\(name)")
    for mode: mode_t in [0o640, 0o604, 0o660] {
      chmod(key, mode)
      let result = try await host.start(arguments).end()
      #expect(result.end == .exited(0))
      #expect(
        matches(
          result.errorText,
          "agent-register: warning: *\(name): a private key that others can read or write (mode \(String(mode, radix: 8))); "
            + "fix it with: chmod 600 *\(name)\n"), "\(result.errorText)")
    }
    chmod(key, 0o600)
    #expect(try await host.start(arguments).end().errorText.isEmpty)
  }
}
