// Goal: one command runs a job on many agents and shows which agent printed what, where it failed and where the result is unknown; Ctrl-C
// ends it everywhere.
import Glibc
import TestSupport
import Testing

@Suite struct OneJobOnManyAgents {
  @Test func eachLineHasItsAgentAndTheSummaryCounts() async throws {
    let (fleet, agents) = try await Fleet.running("web1", "web2", "db1")
    let good = try await fleet.agentctl("run", "-a", "web*", "--", "/bin/sh", "-c", "echo one; printf two")
    #expect(
      good.outputText.split(separator: "\n").sorted() == ["web1: one", "web1: two", "web2: one", "web2: two"])
    #expect(good.errorText.contains("on 2 agents: 2 succeeded, 0 did not, 0 without an answer"))
    #expect(good.end == .exited(0))
    let apart = try await fleet.agentctl("run", "-a", "web1", "--", "/bin/sh", "-c", "echo out; echo err >&2")
    #expect(apart.outputText == "web1: out\n" && apart.errorText.contains("web1: err\n"))

    try await agents[1].stop()
    let mixed = try await fleet.agentctl(
      "run", "-a", "*", "--patience", "0", "--", "/bin/sh", "-c", "exit 3")
    #expect(mixed.errorText.contains("db1: failed(3)") && mixed.errorText.contains("web1: failed(3)"))
    #expect(mixed.errorText.contains("web2: 127.0.0.1:\(agents[1].port): Connection refused"))
    #expect(mixed.errorText.contains("0 succeeded, 2 did not, 1 without an answer"))
    #expect(mixed.end == .exited(EXIT_FAILURE))
    let unknown = try await fleet.agentctl("run", "-a", "web2", "--patience", "0", "--", "/bin/true")
    #expect(unknown.end == .exited(EX_UNAVAILABLE))
  }

  @Test func jsonIsOneLineAnAgent() async throws {
    let (fleet, _) = try await Fleet.running("a", "b")
    let run = try await fleet.agentctl("run", "-a", "?", "--at-once", "1", "--json", "--", "/bin/echo", "hi")
    let lines = run.outputText.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.contains(#""state":"succeeded""#) && $0.contains(#""agent":""#) })
  }

  @Test func ctrlCCancelsEverywhere() async throws {
    let (fleet, agents) = try await Fleet.running("a", "b")
    let run = try fleet.start("run", "-a", "*", "--id", "long", "--", "/bin/sh", "-c", "echo hi; exec sleep 600")
    try await wait(for: "both jobs") { run.outputText.split(separator: "\n").count == 2 }
    try run.handle.send(SIGINT)
    let ended = try await run.end()
    #expect(ended.errorText.contains("cancelling long on 2 agents"))
    #expect(ended.errorText.contains("0 succeeded, 2 did not, 0 without an answer"))
    #expect(ended.end == .exited(128 + SIGINT))
    for agent in agents { #expect(!agent.log.contains("state=succeeded")) }
    for name in ["a", "b"] {
      #expect(try await fleet.agentctl("show", name, "long", "--json").outputText.contains(#""state":"cancelled""#))
    }
  }

  @Test func aReaderThatGoesAwayEndsItEverywhere() async throws {
    let (fleet, _) = try await Fleet.running("a", "b")
    let script = "while echo y; do sleep 0.05; done"
    let command = ["run", "-a", "*", "--id", "cut", "--", "/bin/sh", "-c", script]
    let words = try ([BuiltProduct.path("agentctl")] + command).map { "'\($0)'" }.joined(separator: " ")
    let piped = try await TestProcess(
      ["/bin/bash", "-c", "\(words) | head -1; exit ${PIPESTATUS[0]}"], environment: fleet.environment,
      directory: fleet.folder.path
    ).end()
    #expect(piped.errorText.contains("nobody reads stdout; cancelling cut on 2 agents"), "\(piped.errorText)")
    #expect(piped.end == .exited(128 + SIGPIPE))
    for name in ["a", "b"] {
      #expect(try await fleet.agentctl("wait", name, "cut").end == .exited(128 + SIGTERM))
    }
  }

  @Test func theSameIdAgainStartsNothing() async throws {
    let (fleet, _) = try await Fleet.running("a", "b")
    #expect(
      try await fleet.agentctl("run", "-a", "a", "--id", "once", "--", "/bin/echo", "hi").errorText.contains("1 succ"))
    let again = try await fleet.agentctl("run", "-a", "*", "--id", "once", "--", "/bin/echo", "hi")
    #expect(again.errorText.contains("a: once was submitted before, at "))
    #expect(!again.errorText.contains("b: once was"))
    #expect(again.outputText.split(separator: "\n").sorted() == ["a: hi", "b: hi"])
    let json = try await fleet.agentctl("run", "-a", "*", "--id", "once", "--json", "--", "/bin/echo", "hi")
    #expect(json.outputText.matches(of: #/"created":false/#).count == 2)
  }

  /// Names, labels, exclusions and commas choose the same agents for every command.
  @Test func agentsAreChosenInGroups() async throws {
    let fleet = try await Fleet()
    for name in ["web1", "web2", "web3", "db1"] {
      try await fleet.register(
        "ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=\(name) /ADDRESS=127.0.0.1:1 /PLATFORM=Linux")
    }
    let labelled = try await fleet.agentctl("label", "web*,db1", "site=berlin", "role=web")
    #expect(labelled.outputText.contains("web1: role=web,site=berlin\n") && labelled.end == .exited(0))
    _ = try await fleet.agentctl("label", "db1", "role=db", "--json")
    #expect(try await fleet.agentctl("label", "db1", "site-").outputText == "db1: role=db\n")
    // A connector that is added again keeps its labels.
    try await fleet.register("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=web1 /ADDRESS=127.0.0.1:1 /PLATFORM=Linux")
    func chosen(_ words: String...) async throws -> [String] {
      let listed = try await TestProcess(
        [try BuiltProduct.path("agentctl"), "agents", "--json"] + words, environment: fleet.environment
      ).end()
      return listed.outputText.matches(of: #/"agent":"([^"]+)"/#).map { String($0.1) }
    }
    for (words, expected) in [
      (["web1,db1"], ["db1", "web1"]), (["*,!web3"], ["db1", "web1", "web2"]), (["!web*"], ["db1"]),
      (["site=berlin"], ["web1", "web2", "web3"]), (["role=*", "!role=db,!WEB2"], ["web1", "web3"]),
      (["site=berlin+web[12]", "db1"], ["db1", "web1", "web2"]), (["!site=berlin+web1,web*"], ["web2", "web3"]),
    ] {
      #expect(try await chosen(words[0], words.count > 1 ? words[1] : words[0]) == expected, "\(words)")
    }
    for unknown in ["site=paris", "web9", "web1,db9", "*,!mail", "Site=berlin", "", "web1,", "!", "web1+"] {
      #expect(try await fleet.agentctl("jobs", "-a", unknown).errorText.contains("there is no agent"), "\(unknown)")
    }
    let table = try await fleet.agentctl("agents", "db1", "--timeout", "1s").outputText
    #expect(table.contains("LABELS") && table.contains("role=db"))
    #expect(try await fleet.agentctl("label", "db1", "a,b=c").end == .exited(EX_USAGE))
  }

  @Test func aRolloutEndsWhereTooManyHaveFailed() async throws {
    let (fleet, _) = try await Fleet.running("a", "b", "c", "d")
    let stopped = try await fleet.agentctl(
      "run", "-a", "*", "--at-once", "1", "--stop-after-failures", "2", "--", "/bin/false")
    let lines = stopped.errorText.split(separator: "\n").map(String.init)
    #expect(lines.prefix(2) == ["agentctl: a: failed(1)", "agentctl: b: failed(1)"])
    #expect(lines.dropFirst(2).prefix(2) == ["agentctl: failed on: a,b", "agentctl: not started on: c,d"])
    #expect(lines.last?.hasSuffix("0 succeeded, 2 did not, 0 without an answer, 2 not started") == true)
    #expect(stopped.end == .exited(EXIT_FAILURE))
    let rest = try await fleet.agentctl(
      "run", "-a", "c,d", "--at-once", "1", "--stop-after-failures", "1", "--json", "--", "/bin/true")
    #expect(rest.outputText.split(separator: "\n").count == 2 && rest.end == .exited(0))
  }

  /// On a terminal, the last line says what runs where; it is there before anything has happened, and it never wraps.
  @Test func whatRunsWhereIsShownAllTheTime() async throws {
    let (fleet, agents) = try await Fleet.running("a", "b", "c")
    try await agents[2].stop()
    let words = [
      "run", "-a", "*", "--id", "live", "--patience", "20s", "--", "/bin/sh", "-c", "echo hi; exec sleep 600",
    ]
    let command = try ([BuiltProduct.path("agentctl")] + words).map { "'\($0)'" }.joined(separator: " ")
    let terminal = try Terminal(
      ["/bin/sh", "-c", "stty cols 60 -opost; exec \(command)"], environment: fleet.environment,
      directory: fleet.folder.path)
    try await terminal.expect("c: 127.0.0.1:\(agents[2].port): Connection refused; trying again")
    try await terminal.expect("0 done, unreachable 1: c, running 2: a b")
    try terminal.type("\u{3}")
    try await terminal.expect("cancelling live on 3 agents")
    try await terminal.expect("failed on: a,b")
    try await terminal.expect("no answer from: c")
  }

  @Test func jobsAreWatched() async throws {
    let (fleet, agents) = try await Fleet.running("a", "b")
    let watch = try fleet.start("jobs", "-a", "*", "--watch", "--json")
    let other = try fleet.start("jobs", "a", "-w", "--state", "failed")
    for agent in agents { try await wait(for: "the watch") { try agent.connections > 0 } }
    try await wait(for: "both events streams") { try agents[0].connections >= 2 }
    _ = try await fleet.agentctl("run", "-a", "*", "--id", "seen", "--", "/bin/false")
    try await wait(for: "both ends") {
      watch.outputText.matches(of: #/"agent":"[ab]".*"id":"seen".*"state":"failed"/#).count >= 2
    }
    try await wait(for: "the end on a") { other.outputText.contains("seen  failed(1)") }
    #expect(!other.outputText.contains("running"))
  }

  @Test func jobsAndLogsOfMany() async throws {
    let (fleet, agents) = try await Fleet.running("web1", "web2")
    _ = try await fleet.agentctl("run", "-a", "*", "--id", "seen", "--", "/usr/bin/seq", "5")
    let listed = try await fleet.agentctl("jobs", "-a", "web*")
    let lines = listed.outputText.split(separator: "\n")
    #expect(
      lines.first.map { $0.split(separator: " ").joined(separator: " ") } == "AGENT ID STATE AGE TIME USER COMMAND")
    #expect(
      lines.dropFirst().map { $0.split(separator: " ").prefix(3).joined(separator: " ") }.sorted()
        == ["web1 seen succeeded", "web2 seen succeeded"])
    let json = try await fleet.agentctl("jobs", "-a", "*", "--json").outputText.split(separator: "\n")
    #expect(json.count == 2 && json.allSatisfy { $0.contains(#""agent":"web"#) && $0.contains(#""id":"seen""#) })
    let logs = try await fleet.agentctl("logs", "-f", "--tail", "2", "-a", "*", "seen")
    #expect(logs.outputText.split(separator: "\n").sorted() == ["web1: 4", "web1: 5", "web2: 4", "web2: 5"])
    #expect(logs.end == .exited(0))
    // One that is away is named, and delays the others not for long.
    try await agents[1].stop()
    let partial = try await fleet.agentctl("jobs", "-a", "*", "--patience", "1s")
    #expect(partial.outputText.contains("web1") && partial.errorText.contains("web2: 127.0.0.1:"))
    #expect(partial.end == .exited(EX_UNAVAILABLE))
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completionsAreThere(_ shell: String) async throws {
    let script = try await Fleet().agentctl(
      "--generate-completion-script", shell)
    #expect(script.end == .exited(0))
    #expect(script.outputText.contains("agents") && script.outputText.contains("patience"))
    if shell == "bash" {
      let checked = try await run("bash", "-n", input: script.outputText)
      #expect(checked.end == .exited(0), "\(checked.errorText)")
    }
  }
}
