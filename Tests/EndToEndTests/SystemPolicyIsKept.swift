// Goal: the policy that the host's administrator sets for all of OpenSSL, in the system's openssl.cnf, also applies to agentd: what it
// forbids is forbidden here, and agentd works under it.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct SystemPolicyIsKept {
  /// Only TLS 1.3, and keys with 128 bits of security; with and without a list of providers, as in a FIPS policy.
  private static func strict(_ providers: String) -> String {
    """
    openssl_conf = init
    [init]
    \(providers)
    ssl_conf = ssl
    [provider_list]
    default = default_provider
    [default_provider]
    activate = 1
    [ssl]
    system_default = policy
    [policy]
    MinProtocol = TLSv1.3
    CipherString = DEFAULT:@SECLEVEL=3

    """
  }

  @Test(
    .enabled(if: isRoot, "only root can put another file in the place of the system's, for one process"),
    arguments: ["", "providers = provider_list"])
  func aStrictOne(providers: String) async throws {
    let agent = try await Installation()
    try await agent.register()
    let path = try await run("openssl", "version", "-d").outputText.split(separator: "\"")[1] + "/openssl.cnf"
    try agent.folder.write("strict.cnf", Self.strict(providers))
    chmod(agent.folder.path, 0o755)
    let mount = "mount --bind strict.cnf \"$(readlink -f \(path))\" && exec \"$@\""
    try await agent.start(wrapper: ["unshare", "--mount", "/bin/sh", "-c", mount, "sh"])
    #expect(try await get(agent, "--tls-max", "1.2").end != .exited(0))
    try await agent.logLine(with: "connection refused", "TLS 1.3")
    #expect(try await get(agent, "--tlsv1.3").end == .exited(0))
    #expect(try await agent.finish("j1", ["/bin/true"]).status.state == .succeeded)
    let logged = agent.log.utf8.count
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete", after: logged)
    #expect(try await get(agent, "--tlsv1.3").end == .exited(0))
  }

  private func get(_ agent: Installation, _ options: String...) async throws -> ProcessResult {
    try await TestProcess(
      ["curl"] + agent.curlArguments() + options + ["https://localhost:\(agent.port)/v1/agent"],
      environment: agent.environment
    ).end()
  }
}
