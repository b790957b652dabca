// The promise: the programs really print each message in the table of docs/troubleshooting.md, and this test looks for it where the table
// says it appears. A row that nothing here triggers is an error, so the table stays true.
import AgentProtocol
import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct TroubleshootingMessages {
  /// Messages that other tests trigger and look for.
  private static let elsewhere = [
    "... log lines were lost": "EndToEndTests/UnreadLogHoldsUpNobody",
    "the renewed listener certificate is not in use yet": "SupervisorTests/RenewedCertificatesAreServed",
    "could not reload, and keeps its old configuration": "EndToEndTests/ListenerChangesAreAwaited",
    "already exists; /REPLACE overwrites it": "RegistrationCommandsTests/FilesOfKeysAreNewOnes",
    "its certificate was revoked on": "EndToEndTests/SchedulerHonoursItsRevocations",
    "too late, the command before has already run": "EndToEndTests/PromptHelpsPeople",
    "runs agentd, which is for Linux, but its platform here is Windows": "EndToEndTests/AgentsAreShownAsTheyAre",
    "is of another root CA": "AgentClientTests/AgentsHaveToProveWhoTheyAre",
    "use such a name, or issue it again with /SAN=": "AgentClientTests/AgentsHaveToProveWhoTheyAre",
    "the server does not speak TLS": "AgentClientTests/AgentsHaveToProveWhoTheyAre",
    "warning: the connector certificate ... expires on": "EndToEndTests/OperatorsNeedNoCA",
    "the request is pending": "AgentRegistrationTests/OtherEnrolmentServers",
    "clients with OpenSSL's defaults cannot connect": "AgentRegistrationTests/RefusedBundles",
    "is a PKCS#12 container protected by PBMAC1": "AgentRegistrationTests/RefusedBundles",
    "there is no ledger: the outputs of all jobs that it knew are set aside": "EndToEndTests/LostLedgerLosesNoOutput",
    "job cannot be started now; trying again": "EndToEndTests/RefusedProcessesAreTriedAgain",
    "the revocation list of ... is due in 9 days": "ListenerTests/Expiry/ExpiryIsSaidEveryDay",
    "... its entries still count, later ones are missing": "EndToEndTests/OutdatedRevocationListIsAChoice",
    "newer revocation lists were not fetched": "EndToEndTests/RevocationReachesTheAgents",
    "could not be told, and looks on its own schedule": "EndToEndTests/RevocationReachesTheAgents",
    "alert certificate unknown": "EndToEndTests/OutdatedRevocationListIsAChoice",
    "its revocation list of our CA has expired": "EndToEndTests/OutdatedRevocationListIsAChoice",
    "has a key that TLS does not use here": "ClientVerificationTests/CredentialTable+Issuers",
  ]

  @Test func ofAgentRegister() async throws {
    let (agent, scheduler, other) = (
      try await Installation(), try await EnrolmentScheduler(), try await EnrolmentScheduler()
    )
    let certificates = agent.certificates
    try agent.folder.write("agentcert.pem", certificates.bundle, mode: 0o600)
    try agent.folder.write("password", SchedulerCertificates.password + "\n", mode: 0o600)
    try agent.folder.write("wrong", "Secret\n", mode: 0o600)
    let stranger = try PKI.shared.client("Stranger", by: certificates.root)
    try agent.folder.write("mixed.pem", try certificates.listener.certificatePEM + stranger.keyPEM, mode: 0o600)
    let code = try await scheduler.code()
    try agent.folder.write("code", code + "\n", mode: 0o600)
    try agent.folder.write("typo", "AAAAA-AAAAA-AAAAA-AAAAA.\(code.split(separator: ".")[1])\n", mode: 0o600)

    var said = ""
    for arguments in [
      ["-I", "agentcert.pem"], ["-I", "agentcert.pem", "-P", "wrong"], ["-I", "mixed.pem"],
      ["-R", "-s", other.server, "-n", "localhost", "-P", "code"],
      ["-R", "-s", scheduler.server, "-n", "localhost", "-P", "typo"],
      ["-R", "-s", scheduler.server, "-n", "localhost", "-P", "code"],
      ["-R", "-s", scheduler.server, "-n", "localhost", "-P", "code"], ["-I", "agentcert.pem", "-P", "password"],
    ] { said += try await agent.run(["jams-register"] + arguments).errorText }

    try await agent.configure(
      "-L", "-t", try certificates.listenerThumbprint, "-d", "none", "-b", "127.0.0.1", "-p", "\(agent.port)")
    try await agent.start()
    let next = try PKI.shared.root("Second End To End Root CA")
    try await agent.configure("-I", next.certificatePath)
    try await agent.logLine(with: "reload complete")
    for name in ["One", "Two"] {
      let client = Presented(try PKI.shared.client(name, by: next))
      #expect(try await agent.request("GET", "agent", as: client).status == 200)
    }
    try await wait(for: "both clients to be recorded") {
      try await agent.configure("-l").split(separator: "\n").count { $0.contains("(seen lately") } == 2
    }
    said += try await agent.attempt("-x", try next.sha256).errorText
    try expectAll(of: "agent-register", in: said)
  }

  @Test func ofAgentdsLog() async throws {
    let agent = try await Installation.running()
    for row in try CredentialCase.all() where row.refusal != nil {
      await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: row.presented) }
    }
    kill(try await agent.listenerID(), SIGKILL)
    try await agent.logLine(with: "starting again")

    // Only the first refusals of a peer per minute are logged.
    let other = try await Installation.running()
    let early = try PKI.shared.issue(
      CertificateRecipe("/CN=Early", .client).with { $0.notBefore = 50 * 60 }, by: other.certificates.root)
    await #expect(throws: HarnessError.self) { try await other.request("GET", "agent", as: Presented(early)) }
    let elsewhere = try PKI.shared.root("Other Root CA").certificatePath
    for arguments in [["--cacert", elsewhere, other.url], ["http://127.0.0.1:\(other.port)/"]] {
      let result = try await other.run(["curl"] + other.curlArguments() + arguments)
      #expect(result.end != .exited(0))
    }
    try await other.logLine(with: "without TLS")

    let full = try await Installation.running(configuration: "[limits]\nconnections = 1\n")
    let holder = try TestProcess(
      ["openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(full.port)", "-CAfile", full.certificates.rootPath]
        + (full.certificates.connector.files.map { ["-cert", $0.chain, "-key", $0.key] } ?? []),
      environment: full.environment, input: nil)
    try holder.write("GET /v1/agent HTTP/1.1\r\nHost: localhost\r\n\r\n")
    try await wait(for: "the first client's answer") { holder.outputText.contains("200 OK") }
    await #expect(throws: HarnessError.self) { try await full.request("GET", "agent") }
    try await full.logLine(with: "dropped")

    let (renewing, scheduler) = (try await Installation(), try await EnrolmentScheduler("/LIFETIME=1h"))
    try await renewing.enrol(at: scheduler)
    try await scheduler.stop()
    try renewing.makeRenewalDue()
    try await renewing.start()
    try await renewing.logLine(with: "not renewed")
    try expectAll(of: "agentd's log", in: agent.log + other.log + full.log + renewing.log)
  }

  @Test func ofCurl() async throws {
    let agent = try await Installation.running()
    let stranger = try PKI.shared.client("Stranger", by: try PKI.shared.root("Other Root CA"))
    let elsewhere = try PKI.shared.root("Other Root CA").certificatePath
    var said = ""
    for arguments in [
      ["--cacert", agent.certificates.rootPath],
      ["--cacert", agent.certificates.rootPath, "--cert", stranger.chainPath, "--key", stranger.keyPath],
      ["--cacert", elsewhere],
    ] { said += try await agent.run(["curl", "-sS", "--noproxy", "*"] + arguments + ["\(agent.url)/agent"]).errorText }
    try expectAll(of: "curl", in: said)
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  @Test func ofTheAPI() async throws {
    let agent = try await Installation.running(
      configuration: "[jobs]\ncgroup = \"off\"\nmax_running = 1\nmax_queued = 1\ndisk_floor = 0\n")
    var said = ""
    func put(_ id: String, _ body: String) async throws {
      said += "\(try await agent.request("PUT", "jobs/\(id)", body: body).status)\n"
    }
    try await agent.submit("runs", ["/bin/sleep", "600"])
    try await put("runs", #"{"command": ["/bin/true"]}"#)
    try await put("root", #"{"command": ["/bin/true"], "user": "root"}"#)
    try await put("limited", #"{"command": ["/bin/true"], "limits": {"memory": 1048576}}"#)
    try await agent.submit("waits", ["/bin/true"])
    try await put("full", #"{"command": ["/bin/true"]}"#)
    for id in ["runs", "waits"] { try await agent.request("POST", "jobs/\(id)/cancel") }
    #expect(try await agent.job("runs", wait: 60).state == .cancelled)
    let text = try agent.folder.read("agentd.toml").replacing("disk_floor = 0", with: "disk_floor = \(Int.max)")
    try agent.folder.write("agentd.toml", text)
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete")
    try await put("nearly-full", #"{"command": ["/bin/true"]}"#)
    try expectAll(of: "API", in: said)
  }

  @Test func ofTheSchedulersPrograms() throws {
    for place in ["scheduler-register", "agentctl"] { try expectAll(of: place, in: "") }
  }

  @Test func ofJobs() async throws {
    let agent = try await Installation.running()
    var said = try await agent.finish("absent", ["/nonexistent"]).status.state.rawValue + "\n"
    try await agent.submit("lost", ["/bin/sleep", "600"])
    let shepherd = try await wait(for: "the shepherd") { agent.shepherds.first }
    kill(shepherd, SIGKILL)
    said += try await agent.job("lost", wait: 60).state.rawValue
    try expectAll(of: "a job", in: said)
  }

  /// Expects every message that the table has for a place in one of the lines, ignoring numbers.
  private func expectAll(of place: String, in said: String) throws {
    let lines = said.split(separator: "\n").map { Self.withoutNumbers(String($0)) }
    let messages = try Self.messages(of: place)
    #expect(!messages.isEmpty)
    for message in messages {
      if let test = Self.elsewhere[message] {
        let text = try Self.file("Tests/\(test).swift")
        #expect(message.split(separator: "... ").allSatisfy { text.contains($0) }, "\(test): \(message)")
        continue
      }
      // Status codes are numbers themselves.
      let isStatus = message.allSatisfy(\.isNumber)
      let found =
        isStatus
        ? said.contains(message)
        : lines.contains { Self.stand(Self.withoutNumbers(message).split(separator: "...").map(String.init), in: $0) }
      #expect(found, "nothing said \"\(message)\": \(said)")
    }
  }

  private static func messages(of place: String) throws -> [String] {
    try file("docs/troubleshooting.md").split(separator: "\n").filter { $0.hasPrefix("| \(place) | `") }.flatMap {
      row in
      row.split(separator: "|")[1].split(separator: "`").map(String.init).filter {
        $0.contains { $0 != " " && $0 != "," }
      }
    }
  }

  private static func file(_ name: String) throws -> String {
    String(decoding: try DurableFile.read("\(BuiltProduct.packageFolder)/\(name)", limit: 1 << 20), as: UTF8.self)
  }

  private static func withoutNumbers(_ text: String) -> String { text.replacing(#/[0-9]+/#, with: "#") }

  private static func stand(_ parts: [String], in line: String) -> Bool {
    var rest = Substring(line)
    for part in parts.map({ $0.drop { $0 == " " } }).map({ String($0.reversed().drop { $0 == " " }.reversed()) })
    where !part.isEmpty {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return true
  }
}
