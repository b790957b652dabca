import COpenSSL
import Glibc
import OpenSSL
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// A server context accepts only matching and strong material, whatever the user's environment contains.
@Suite struct ServerContexts {
  private func context(_ credential: Credential, key: Credential? = nil) throws -> TLSServerContext {
    let configuration = TLSServerContext.Configuration(
      certificateChain: [try certificate(credential)], privateKey: try privateKey((key ?? credential).keyPath),
      clientAuthorities: [try certificate(PKI.shared.root())])
    return try TLSServerContext(configuration) { _ in .accepted }
  }

  @Test func weakCertificateIsRefused() throws {
    let recipe = CertificateRecipe("/CN=weak", .server).with { $0.key = .rsa1024 }
    let error = try #require(throws: OpenSSLError.self) {
      try context(PKI.shared.issue(recipe, by: PKI.shared.root()))
    }
    #expect("\(error)" == "cannot use listener certificate CN=weak with its key: ee key too small")
  }

  @Test func keyOfAnotherCertificateIsRefused() throws {
    let root = try PKI.shared.root()
    let (one, two) = (try PKI.shared.server("one", by: root), try PKI.shared.server("two", by: root))
    let error = try #require(throws: OpenSSLError.self) { try context(one, key: two) }
    #expect("\(error)".contains("mismatch"), "\(error)")
  }

  @Test func withoutCertificateIsRefused() throws {
    let key = try privateKey(PKI.shared.root().keyPath)
    #expect(throws: OpenSSLError.self) {
      try TLSServerContext(.init(certificateChain: [], privateKey: key, clientAuthorities: [])) { _ in .accepted }
    }
  }

  /// A configuration that sets TLS 1.3 as the minimum version, which shows in a fresh SSL_CTX.
  static let configuration = """
    openssl_conf = init
    [init]
    ssl_conf = ssl
    [ssl]
    system_default = sect
    [sect]
    MinProtocol = TLSv1.3

    """

  /// The control: OpenSSL by default trusts the variable.
  @Test func configurationFromTheEnvironmentIsRead() async throws {
    #expect(try await minimumVersion() == "\(TLS1_3_VERSION)\n")
  }

  @Test func configurationFromTheEnvironmentIsIgnored() async throws {
    #expect(try await minimumVersion("ignore-environment") != "\(TLS1_3_VERSION)\n")
  }

  private func minimumVersion(_ choice: String...) async throws -> String {
    let folder = try TemporaryFolder()
    let file = try folder.write("openssl.cnf", Self.configuration)
    let result = try await TestProcess(
      [BuiltProduct.path("agentd-test-roles"), "minimum-tls-version"] + choice, environment: ["OPENSSL_CONF": file]
    ).end()
    #expect(result.end == .exited(0), "\(result.errorText)")
    return result.outputText
  }
}
