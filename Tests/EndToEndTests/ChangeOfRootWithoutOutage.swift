// Goal: an administrator changes from one root CA to the next while clients work: both are admitted for a while, it is visible who still
// needs the old one, which cannot be removed by mistake, and no request fails from beginning to end. The expiry of the old root is
// announced in advance.
import FoundationEssentials
import Glibc
import Synchronization
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct ChangeOfRootWithoutOutage {
  @Test func fromTheOldRootToTheNew() async throws {
    let agent = try await Installation.running()
    let oldRoot = agent.certificates.root
    // It outlives its root: the root's expiry ends its validity, not its own.
    let lasting = try PKI.shared.issue(
      CertificateRecipe("/CN=Lasting Connector", .client).with { $0.notAfter = 60 * 86400 }, by: oldRoot)
    let oldClient = Presented(lasting)
    let newRoot = try PKI.shared.root("Second End To End Root CA")
    let newClient = Presented(try PKI.shared.client("New Connector", by: newRoot))
    try agent.folder.write("both.pem", try oldRoot.certificatePEM + newRoot.certificatePEM)
    let trust = ["--cacert", agent.folder.path("both.pem")]
    #expect(try await agent.request("GET", "agent", as: oldClient).status == 200)

    try await wait(for: "the client to be recorded") {
      try await agent.configure("-l").contains("CN=Lasting Connector  (seen lately")
    }

    // Both programs announce the expiry of the old root a month in advance.
    for command in [["jams-register", "-V"], ["jams-agentd", "-t"]] {
      let broken = try await agent.run(command + ["--at", day(32)])
      #expect(broken.end == .exited(78), "EX_CONFIG: sysexits(3)")
      let text = broken.outputText + broken.errorText
      #expect(text.contains("(in 29 days): root CN=End To End Root CA (sha256 "), "\(text)")
      #expect(text.contains("1 client seen lately cannot connect without it (CN=Lasting Connector last)"), "\(text)")
      let sound = try await agent.run(command + ["--at", day(20)])
      #expect(sound.end == .exited(0), "\(sound.errorText)")
      #expect(sound.outputText.contains("nothing breaks until "))
    }

    let isOver = Atomic(false)
    async let load = { () async throws -> Int in
      var served = 0
      while !isOver.load(ordering: .relaxed) {
        let status = try await agent.request("GET", "agent", as: oldClient, curl: trust).status
        if status != 200 { throw HarnessError("the client of the old root got \(status)") }
        served += 1
      }
      return served
    }()
    defer { isOver.store(true, ordering: .relaxed) }
    try await reloaded(agent, "-I", newRoot.certificatePath)
    #expect(try await agent.request("GET", "agent", as: newClient, curl: trust).status == 200)
    let listener = try PKI.shared.issue(
      CertificateRecipe("/CN=AGENT01 renewed", .server).with {
        $0.extensions = ["subjectAltName = DNS:agent01, DNS:localhost"]
      }, by: newRoot)
    try await agent.configure("-I", listener.bundlePath)
    try await reloaded(agent, "-L", "-t", try listener.sha256)
    #expect(try await agent.request("GET", "agent", as: newClient, curl: trust).status == 200)

    let uses = try await wait(for: "both uses to be on the disk") {
      let text = try await agent.configure("-l")
      return text.contains("CN=New Connector  (seen lately, through CN=Second End To End Root CA)") ? text : nil
    }
    #expect(uses.contains("CN=Lasting Connector  (seen lately, through CN=End To End Root CA)"))
    let refused = try await agent.run(["jams-register", "-x", try oldRoot.sha256])
    #expect(refused.end == .exited(78))
    #expect(refused.errorText.contains("is still needed: 1 client of the last 30 days, CN=Lasting Connector last"))

    // A month passes without the old client.
    isOver.store(true, ordering: .relaxed)
    #expect(try await load > 0, "it was served all the while")
    try await agent.stop()
    var record = ClientRecord()
    try record.add(lasting, through: oldRoot, ago: 31 * 86400)
    try record.add(try PKI.shared.client("New Connector", by: newRoot), through: newRoot)
    try agent.folder.write("state/clients", record.text, mode: 0o600)
    try await agent.start()
    try await reloaded(agent, "-x", try oldRoot.sha256)
    let logged = agent.log.utf8.count
    await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: oldClient, curl: trust) }
    try await agent.logLine(
      with: "connection refused", "CN=Lasting Connector", "chains to CN=End To End Root CA", "not imported here",
      after: logged
    )
    #expect(try await agent.request("GET", "agent", as: newClient, curl: trust).status == 200)
  }

  @Test func aForcedRemovalIsInTheLog() async throws {
    let agent = try await Installation.running()
    #expect(try await agent.request("GET", "agent").status == 200)
    let root = agent.certificates.root
    let other = try PKI.shared.server("agent01", by: PKI.shared.root("Second End To End Root CA"))
    try await agent.configure("-I", other.bundlePath)
    try await reloaded(agent, "-L", "-t", try other.sha256)
    try await wait(for: "the client to be recorded") {
      try await agent.configure("-l").contains("CN=Executor Connector")
    }
    try await reloaded(agent, "-x", try root.sha256, "--force")
    try await agent.logLine(
      with: "warning", "a root used by 1 client in the last 30 days is no longer trusted",
      "root=\(try root.sha256)")
  }

  /// Runs jams-register, which must succeed, and waits until agentd has reloaded.
  private func reloaded(_ agent: Installation, _ arguments: String...) async throws {
    let logged = agent.log.utf8.count
    let result = try await agent.run(["jams-register"] + arguments)
    if result.end != .exited(0) { throw HarnessError("\(arguments): \(result.errorText)") }
    try await agent.logLine(with: "reload complete", after: logged)
  }

  private func day(_ number: Int) -> String {
    Date(timeIntervalSince1970: Double(time(nil) + number * 86400)).formatted(.iso8601)
  }
}
