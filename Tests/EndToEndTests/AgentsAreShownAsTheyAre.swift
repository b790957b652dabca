// Goal: a person sees for each agent whether it can be used and, if not, which side is at fault; a dead agent delays nobody.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct AgentsAreShownAsTheyAre {
  @Test func addingSaysWhetherTheAgentIsThere() async throws {
    let fleet = try await Fleet()
    let agent = try await fleet.agent("web1")
    let early = try await fleet.add("web1", agent)
    #expect(early.contains("Executor Connector ADDED"))
    #expect(early.contains("could not be reached yet: 127.0.0.1:\(agent.port): Connection refused"))
    try await agent.start()
    let late = try await fleet.add("web1", agent)
    #expect(late.contains("connected   to agentd"))
    let thumbprint = try #require(try await agent.configure("-L").firstMatch(of: /[0-9a-f]{64}/)?.output)
    #expect(late.contains("SHA-256     \(thumbprint)"))
    // The default platform is not that of an agentd: it is said here and wherever agents are shown, until it is right.
    let words = "web1 runs agentd, which is for Linux, but its platform here is Windows"
    let address = "/ADDRESS=127.0.0.1:\(agent.port)"
    #expect(!late.contains(words))
    let listed = try await fleet.register("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=web1 \(address)")
    #expect(listed.contains("Executor Connector ADDED") && listed.contains("warning: \(words)"), "\(listed)")
    #expect(try await fleet.agentctl("agents").outputText.contains(words))
    try await fleet.add("web1", agent)
    #expect(try await !fleet.agentctl("agents").outputText.contains(words))
  }

  @Test func eachStateHasItsReason() async throws {
    let fleet = try await Fleet()
    let (good, away, idle) = (
      try await fleet.agent("good"), try await fleet.agent("away"), try await fleet.agent("idle")
    )
    for agent in [good, idle] { try await agent.start() }
    // One agent authenticates as another; one of another scheduler refuses this one, whose root is also that scheduler's.
    try await fleet.add("mistaken", good)
    let stranger = try await Installation.running()
    try await fleet.add("stranger", stranger)
    for (name, agent) in [("good", good), ("away", away), ("idle", idle)] { try await fleet.add(name, agent) }
    #expect(try await fleet.agentctl("disable", "id*").outputText == "idle is disabled\n")

    let listed = try await fleet.agentctl("agents")
    let lines = listed.outputText.split(separator: "\n").map(String.init)
    func line(_ name: String) -> String { lines.first { $0.hasPrefix("\(name) ") } ?? "" }
    #expect(line("good").contains("Online") && line("good").contains("0 running, 0 queued"))
    #expect(line("away").contains("Offline") && line("away").contains("Connection refused"))
    #expect(line("idle").contains("Disabled"))
    #expect(line("mistaken").contains("Unauthenticated") && line("mistaken").contains("this side refuses the agent"))
    #expect(line("stranger").contains("Unauthenticated"))
    #expect(listed.end == .exited(EXIT_FAILURE))

    let refused = try await fleet.agentctl("run", "idle", "--", "/bin/true")
    #expect(refused.errorText.contains("agentctl enable idle"))
    #expect(refused.end == .exited(EX_NOINPUT))
    #expect(
      try await fleet.agentctl("enable", "idle", "--json").outputText == "{\"agent\":\"idle\",\"enabled\":true}\n")
    let healthy = try await fleet.agentctl("agents", "good", "idle", "--json")
    #expect(healthy.end == .exited(0))
    #expect(healthy.outputText.split(separator: "\n").allSatisfy { $0.contains(#""state":"Online""#) })
    let unknown = try await fleet.agentctl("agents", "nobody*")
    #expect(unknown.errorText.contains("there is no agent nobody*"))
  }

  @Test func anAgentThatRefusesUsIsTheOneToBeAsked() async throws {
    let fleet = try await Fleet()
    let agent = try await fleet.agent("other")
    try await agent.start()
    try await fleet.add("other", agent)
    // The agent's administrator removes the scheduler's root; at least one root must remain.
    let own = Set(try Folder.names(in: agent.folder.path("store/current/roots")))
    let root = try #require(own.intersection(try Folder.names(in: fleet.folder.path("home/store/current/roots"))).first)
    try await agent.configure("-I", try SchedulerCertificates.make().rootPath)
    try await agent.logLine(with: "reload complete")
    let before = agent.log.utf8.count
    try await agent.configure("-x", String(root.prefix { $0 != "." }), "--force")
    try await agent.logLine(with: "reload complete", after: before)
    let listed = try await fleet.agentctl("agents", "other")
    #expect(listed.outputText.contains("Unauthenticated"), "\(listed.outputText) \(agent.log)")
    #expect(listed.outputText.contains("the agent refuses this side"))
  }
}
