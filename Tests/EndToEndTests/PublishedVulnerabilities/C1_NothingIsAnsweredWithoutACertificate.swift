// The vulnerability: CVE-2025-55108 of BMC Control-M/Agent. By default, it accepted commands without a client certificate.
// The promise: no configuration makes the listener send a byte of HTTP to an unauthenticated client: such a configuration is refused.
import Glibc
import TestSupport
import Testing

@Suite struct C1_NothingIsAnsweredWithoutACertificate {
  @Test(arguments: [#"["none"]"#, #"["tls", "none"]"#, #"["sspi"]"#, "[]", #""none""#])
  func anotherMethodIsNoConfiguration(methods: String) async throws {
    let agent = try await Installation()
    try await agent.register()
    let written = try agent.folder.read("listener.toml")
    try agent.folder.write(
      "listener.toml",
      written.split(separator: "\n").map { $0.hasPrefix("methods") ? "methods = \(methods)" : String($0) }
        .joined(separator: "\n"))
    let start = try await agent.failedStart()
    #expect(start.end == .exited(EX_CONFIG) && start.errorText.contains("methods must be"), "\(start.errorText)")
  }

  @Test(arguments: ["none", "sspi"]) func enablingAnotherMethodIsRefused(method: String) async throws {
    let agent = try await Installation.running()
    let before = try agent.folder.read("listener.toml")
    await #expect(throws: HarnessError.self) { try await agent.configure("-L", "-e", method) }
    #expect(try agent.folder.read("listener.toml") == before)
    #expect(try await ClientProgram.curl.answer(from: agent, .tls13, presenting: .nothing) == "")
  }

  @Test(arguments: [
    "[tls]\nrequire_client_certificate = false\n", "[tls]\nverify = \"none\"\n", "[process]\ninsecure = true\n",
    "[limits]\nunauthenticated = \"0:0:0\"\n",
  ]) func noOtherSwitchDoesIt(configuration: String) async throws {
    let agent = try await Installation()
    try await agent.register()
    let written = try agent.folder.read("agentd.toml")
    let section = configuration.split(separator: "\n")[0]
    try agent.folder.write(
      "agentd.toml",
      written.contains(section)
        ? written.replacing(section, with: configuration.dropLast()) : written + configuration)
    #expect(try await agent.failedStart().end == .exited(EX_CONFIG))
  }

  @Test(arguments: ["[tls]\ncrl_expired = \"warn\"\n", "[limits]\nhandshake_timeout = 600\n", ""])
  func whateverIsConfigured(configuration: String) async throws {
    let agent = try await Installation.running(configuration: configuration)
    for version in TLSVersion.allCases {
      #expect(try await ClientProgram.curl.answer(from: agent, version, presenting: .nothing) == "")
    }
    #expect(try await agent.request("GET", "agent").status == 200)
  }
}
