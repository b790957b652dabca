// Goal: only imported roots count. A CA that the system's trust store or OpenSSL's variables name lets nobody in.
import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct SystemTrustStoreIsIgnored {
  private let root: Credential
  private let trusted: Presented
  private let store: TemporaryFolder

  /// A trust store with a CA that no administrator imported, in both of OpenSSL's forms: a file, and a folder of hashed names.
  init() async throws {
    root = try PKI.shared.root("CA of the System")
    trusted = Presented(try PKI.shared.client("Trusted by the System", by: root))
    store = try TemporaryFolder()
    chmod(store.path, 0o755)
    try store.write("cert.pem", root.certificatePEM)
    for name in ["ca-certificates.crt", "ca-bundle.crt"] { try store.write(name, root.certificatePEM) }
    let rehashed = try await run("openssl", "rehash", store.path)
    try #require(rehashed.end == .exited(0), "\(rehashed.errorText)")
  }

  private func expectRefusal(by agent: Installation) async throws {
    for version in TLSVersion.allCases {
      for program in [ClientProgram.openssl, .curl] {
        let logged = agent.log.utf8.count
        #expect(try await program.answer(from: agent, version, presenting: trusted) == "")
        try await agent.logLine(with: "CN=CA of the System is neither imported here nor sent", after: logged)
      }
    }
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  @Test(arguments: ["SSL_CERT_FILE", "SSL_CERT_DIR"]) func asTheEnvironmentNamesIt(variable: String) async throws {
    let value = variable == "SSL_CERT_FILE" ? store.path("cert.pem") : store.path
    let client = try #require(trusted.files).chain
    let accepted = try await run("openssl", "verify", client, environment: ["PATH": "/usr/bin:/bin", variable: value])
    #expect(accepted.end == .exited(0), "the variable decides nothing: \(accepted.errorText)")
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(variables: [variable: value])
    try await expectRefusal(by: agent)
  }

  @Test(.enabled(if: isRoot, "only root can mount")) func asTheSystemHasIt() async throws {
    let version = try await run("openssl", "version", "-d").outputText
    let folder = try #require(version.split(separator: "\"").dropFirst().first, "\(version)")
    let mount =
      "mount --bind '\(store.path)' '\(folder)/certs' && mount --bind '\(store.path)' /etc/ssl/certs && exec \"$@\""
    let wrapper = ["unshare", "--mount", "/bin/sh", "-c", mount, "sh"]
    let client = try #require(trusted.files).chain
    let accepted = try await TestProcess(wrapper + ["openssl", "verify", client]).end()
    #expect(accepted.end == .exited(0), "the mount decides nothing: \(accepted.errorText)")
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(wrapper: wrapper)
    try await expectRefusal(by: agent)
  }
}
