// The vulnerability: CVE-2025-27237 of Zabbix agent. OpenSSL's configuration was read from a path that any user could write to.
// The promise: root's programs and the network processes take no OpenSSL configuration from the environment, and agentd takes none from
// files that others can write to.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct C21_TheEnvironmentDoesNotConfigureTLS {
  @Test func agentdDoesNotReadIt() async throws {
    let agent = try await Installation()
    try await agent.register()
    // A process that opens it waits for a writer and never listens.
    try await agent.start(variables: try trap(in: agent))
    #expect(try await agent.request("GET", "agent").status == 200)
    let logged = agent.log.utf8.count
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete", after: logged)
  }

  @Test(.enabled(if: isRoot, "of an ordinary user OpenSSL's variables are his own choice"))
  func agentRegisterDoesNotReadIt() async throws {
    let agent = try await Installation.running()
    let files = try #require(agent.certificates.connector.files)
    for command in [["-V", files.chain], ["-l"], ["-I", agent.certificates.rootPath]] {
      let result = try await TestProcess(
        [agent.folder.path("bin/jams-register")] + command,
        environment: agent.environment.merging(try trap(in: agent)) { $1 },
        directory: agent.folder.path
      ).end(within: .seconds(30))
      #expect(result.end == .exited(0), "\(result.errorText)")
    }
  }

  @Test(
    .enabled(if: isRoot, "an ordinary user's files are his own business"), arguments: ["agentd.toml", "listener.toml"])
  func filesThatOthersCanWriteAreNotRead(file: String) async throws {
    let agent = try await Installation()
    try await agent.register()
    chmod(agent.folder.path(file), 0o666)
    let start = try await agent.failedStart()
    #expect(start.end == .exited(EX_CONFIG) && start.errorText.contains(file), "\(start.errorText)")
    chmod(agent.folder.path(file), 0o644)
    try await agent.start()
  }

  private func trap(in agent: Installation) throws -> [String: String] {
    let pipe = agent.folder.path("openssl.cnf")
    if access(pipe, F_OK) != 0 { try checked("mkfifo", pipe) { mkfifo(pipe, 0o600) } }
    return [
      "OPENSSL_CONF": pipe, "OPENSSL_CONF_INCLUDE": agent.folder.path, "OPENSSL_MODULES": agent.folder.path,
      "OPENSSL_ENGINES": agent.folder.path, "SSL_CERT_FILE": pipe, "SSL_CERT_DIR": agent.folder.path,
    ]
  }
}
