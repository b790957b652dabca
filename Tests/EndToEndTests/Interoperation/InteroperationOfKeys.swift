// Goal: every kind of key that agentd accepts works on both sides, agent and client, with every library that supports it, in both versions
// of TLS.
import TestCertificates
import TestSupport
import Testing

@Suite struct InteroperationOfKeys {
  static let keys: [CertificateRecipe.Key] = [.rsa2048, .rsa3072, .rsaPSS, .p256, .p384, .p521, .ed25519]

  /// What a library does not support, whatever its peer.
  static func isUnknown(_ key: CertificateRecipe.Key, to program: ClientProgram, _ version: TLSVersion) -> Bool {
    switch (program, key) {
    // NSS has no EdDSA in TLS, and offers the schemes of id-RSASSA-PSS keys only if configured.
    case (.nss, .ed25519), (.nss, .rsaPSS): true
    // Go cannot read id-RSASSA-PSS keys.
    case (.go, .rsaPSS): true
    // By default, GnuTLS selects a certificate for TLS 1.2 only by the types of 2008: RSA, DSA, ECDSA. gnutls-cli is told which to use.
    case (.wget, .ed25519), (.wget, .rsaPSS): version == .tls12
    default: false
    }
  }

  @Test(arguments: keys)
  func small(key: CertificateRecipe.Key) async throws {
    try await worksOnBothSides(key, ClientProgram.small)
  }

  @Test(.enabled(if: CompiledClients.areWanted, "\(CompiledClients.reason)"), arguments: keys)
  func compiled(key: CertificateRecipe.Key) async throws {
    try await worksOnBothSides(key, ClientProgram.compiled)
  }

  private func worksOnBothSides(_ key: CertificateRecipe.Key, _ programs: [ClientProgram]) async throws {
    let agent = try await Installation.running(listenerKey: key)
    let recipe = CertificateRecipe("/CN=\(key)", .client).with { $0.key = key }
    let client = Presented(try PKI.shared.issue(recipe, by: agent.certificates.root))
    for program in programs {
      for version in TLSVersion.allCases where !Self.isUnknown(key, to: program, version) {
        let answer = try await program.answer(from: agent, version, presenting: client)
        #expect(answer.hasPrefix(program.success), "\(program) \(version): \(answer) \(agent.log)")
      }
    }
  }
}
