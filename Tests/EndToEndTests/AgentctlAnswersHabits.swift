// Goal: who comes from ssh, kubectl or docker gets what was meant, or an answer that names it; tables fit the terminal, JSON is for programs.
import FoundationEssentials
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct AgentctlAnswersHabits {
  private func result(
    _ agent: Installation, _ command: [String], _ variables: [String: String] = [:]
  ) async throws -> ProcessResult {
    try await TestProcess(
      command, environment: agent.environment.merging(variables) { $1 }, directory: agent.folder.path
    ).end()
  }

  private func agentctl(_ arguments: String...) async throws -> ProcessResult {
    try await TestProcess([try BuiltProduct.path("agentctl")] + arguments, environment: ["PATH": "/usr/bin:/bin"]).end()
  }

  @Test func theProgramMayFollowTheAgent() async throws {
    let agent = try await Installation.running()
    for command in ["run", "exec"] {
      let run = try await result(agent, agent.agentctl(command, "--id", command, "/bin/echo", "-n", "--id", "a b"))
      #expect(run.outputText == "--id a b" && run.end == .exited(0), "\(run.errorText)")
    }
    #expect(
      try await result(agent, agent.agentctl("submit", "--id", "later", "/bin/echo", "x")).outputText == "later\n")
    // What follows -- is never looked at.
    let exact = try await result(agent, agent.agentctl("run", "--", "/bin/echo", "--", "-a", "x"))
    #expect(exact.outputText == "-- -a x\n")
  }

  @Test func optionsMayStandBeforeTheCommand() async throws {
    let fleet = try await Fleet()
    let agent = try await fleet.agent("one")
    try await agent.start()
    try await fleet.add("one", agent)
    let home = fleet.folder.path("home")
    for words in [
      ["-H", home, "agents"], ["--home", home, "agents"], ["--home=\(home)", "agents"], ["agents", "-H", home],
    ] {
      let listed = try await TestProcess(
        [try BuiltProduct.path("agentctl")] + words, environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]
      ).end()
      #expect(listed.outputText.contains("one    Online") && listed.end == .exited(0), "\(words): \(listed.errorText)")
    }
  }

  @Test(arguments: [
    (["ps"], "there is no command ps; did you mean agentctl jobs?"),
    (["get", "pods"], "there is no command get; did you mean agentctl jobs?"),
    (["describe", "a", "b"], "did you mean agentctl show?"), (["kill", "a", "b"], "did you mean agentctl cancel?"),
    (["ssh", "a"], "did you mean agentctl run?"), (["cancle", "a", "b"], "did you mean agentctl cancel?"),
    (["CREATE", "ROOT", "CA"], "that is a command of scheduler-register: scheduler-register CREATE ROOT CA"),
    (["-I", "x.pem"], "that is an option of agent-register: agent-register -I x.pem"),
    (["--status"], "that is an option of agentd: agentd --status"), (["restart", "a"], "systemctl restart agentd"),
    (["web1", "run", "uptime"], "the command comes first: agentctl run web1 uptime"),
    (["logs", "a", "b", "-n", "5"], "--tail prints the last lines"), (["jobs", "a", "-f"], "--watch prints"),
    (["agents", "-w"], "agentctl top shows"), (["run", "-a", "x", "--parallel", "3", "--", "id"], "--at-once sets"),
    (["run", "a", "--stop-after-failures", "1", "--", "id"], "--stop-after-failures needs -a"),
    (["CREATE", "ROOT", "CA", "/STOREKEY"], "that is a command of scheduler-register"),
    (["frobnicate"], "there is no command frobnicate; agentctl --help lists all"),
    (["logs", "a", "b", "--lines", "5"], "--tail prints the last lines"),
    (["run", "a", "-it", "--", "sh"], "a job has no terminal"),
    (["run", "a", "-u", "batch", "--", "id"], "--user names the user"),
    (["jobs", "a", "-o", "json"], "--json prints JSON"), (["jobs", "--all"], "-a '*' is for all agents"),
    (["jobs", "a", "--state", "done"], "--state: accepted, queued"),
    (["jobs", "a", "--since", "yesterday"], "--since: how long ago"),
    (["run", "a", "--timeout", "2x", "--", "id"], "2x"), (["run", "a", "--timeout", "nan", "--", "id"], "nan"),
    (["run", "a", "--limits", "memory=1Q", "--", "id"], "memory=1Q"),
    (["run", "a", "-n", "--stdin", "f", "--", "id"], "-n cannot be"),
    (["run", "a"], "the command is missing"), (["logs", "a"], "name an agent and a job"), (["show", "a"], "id"),
  ])
  func mistakesAreAnswered(_ words: [String], _ answer: String) async throws {
    let result = try await TestProcess(
      [try BuiltProduct.path("agentctl")] + words, environment: ["PATH": "/usr/bin:/bin"]
    ).end()
    #expect(result.end == .exited(EX_USAGE))
    let first = result.errorText.prefix { $0 != "\n" }
    #expect(first.hasPrefix("agentctl: ") && first.contains(answer), "\(result.errorText)")
    #expect(!result.errorText.contains("Error:") && result.outputText == "")
  }

  @Test(arguments: [
    ("agentd", ["run", "a", "id"], "run: that is a command of agentctl: agentctl run a id"),
    ("agentd", ["-I", "x"], "-I: that is an option of agent-register: agent-register -I x"),
    ("agentd", ["status"], "status: agentd --status shows what runs here"), ("agentd", ["--bogus"], "Unknown option"),
    ("agentd", ["stop"], "stop: as a service: systemctl stop agentd"),
    ("agent-register", ["jobs", "a"], "jobs: that is a command of agentctl: agentctl jobs a"),
    ("agent-register", ["CREATE", "ROOT", "CA"], "CREATE: that is a command of scheduler-register"),
    ("agent-register", ["import", "x"], "import: agent-register has options for that: agent-register -I FILE"),
    ("agent-register", ["-F"], "-F: that is an option of agentd: agentd -F"),
  ])
  func theOtherProgramsAnswerToo(_ program: String, _ words: [String], _ answer: String) async throws {
    let result = try await TestProcess(
      [try BuiltProduct.path(program)] + words, environment: ["PATH": "/usr/bin:/bin"]
    ).end()
    #expect(result.errorText.hasPrefix("\(program): \(answer)") && result.end == .exited(EX_USAGE), "\(result)")
    #expect(result.errorText.split(separator: "\n").count == 1)
  }

  /// Services and containers often have users without a home.
  @Test func aMissingHomeIsNamed() async throws {
    let nobody = isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
    let result = try await TestProcess(
      nobody + [try BuiltProduct.path("scheduler-register"), "CREATE ROOT CA /STOREKEY"],
      environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]
    ).end()
    #expect(result.errorText.contains("; your home /nonexistent does not exist: create it"), "\(result.errorText)")
    #expect(!result.errorText.contains("run this as user") && result.end == .exited(EX_NOPERM))
  }

  @Test func theAgentComesFirst() async throws {
    let fleet = try await Fleet()
    try await fleet.register("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=web1 /ADDRESS=127.0.0.1:1 /PLATFORM=Linux")
    for (words, answer) in [
      (["show", "nightly", "web1"], "there is no agent nightly; the agent comes first: agentctl show web1 nightly"),
      (["jobs", "wbe1"], "there is no agent wbe1; did you mean web1?"),
      (["web1"], "web1 is an agent, and the command comes first, as in: agentctl jobs web1"),
    ] {
      let result = try await TestProcess(
        [try BuiltProduct.path("agentctl")] + words, environment: fleet.environment
      ).end()
      #expect(result.errorText.hasPrefix("agentctl: \(answer)\n"), "\(result.errorText)")
    }
  }

  @Test func whatIsNotTextIsNotChanged() async throws {
    let program = try BuiltProduct.path("agentctl")
    let result = try await run("/bin/bash", "-c", "\(program) run a -- /bin/echo $'\\377'")
    #expect(result.errorText.hasPrefix("agentctl: argument 5 is not UTF-8") && result.end == .exited(EX_USAGE))
  }

  /// The command line is put in order by this list.
  @Test func theOptionsWithAValueAreKnown() async throws {
    let path = "\(BuiltProduct.packageFolder)/Sources/Programs/agentctl/CommandLineWords.swift"
    let source = String(decoding: try DurableFile.read(path, limit: 1 << 20), as: UTF8.self)
    let list = try #require(source.firstMatch(of: #/optionsWithValue: Set<String> = \[((?:.|\n)*?)\]/#)?.1)
    let known = Set(list.matches(of: #/"(-[^"]+)"/#).map { String($0.1) })
    var found: Set<String> = []
    for command in ["run", "submit", "show", "jobs", "logs", "wait", "cancel", "delete", "events", "console"] {
      let help = try await agentctl(command, "--help").outputText
      for match in help.matches(of: #/(?m)^  (?:(-\w), )?(--[\w-]+) </#) {
        found.formUnion([match.1, match.2].compactMap { $0.map(String.init) })
      }
    }
    #expect(known == found, "\(known.symmetricDifference(found))")
  }

  @Test func aListFitsTheTerminal() async throws {
    let agent = try await Installation.running()
    _ = try await result(
      agent, agent.agentctl("run", "--id", "ends", "--", "/bin/echo", String(repeating: "long ", count: 40)))
    _ = try await result(agent, agent.agentctl("run", "--id", "fails", "--", "/bin/false"))
    let words = try agent.agentctl("jobs").map { "'\($0)'" }.joined(separator: " ")
    func shown(_ columns: Int, _ variables: [String: String]) async throws -> [Substring] {
      let terminal = try Terminal(
        ["/bin/sh", "-c", "stty cols \(columns) -opost; \(words); echo end"],
        environment: agent.environment.merging(variables) { $1 }, directory: agent.folder.path)
      return try await terminal.expect("end\n").split(separator: "\n").dropLast()
    }
    for columns in [80, 200] {
      let lines = try await shown(columns, ["TERM": "xterm", "NO_COLOR": "1"])
      #expect(lines.count == 3 && lines.allSatisfy { $0.count <= columns && !$0.contains("\u{1B}") }, "\(lines)")
      #expect(lines[0].hasPrefix("ID     STATE      AGE  TIME  USER"))
      #expect(lines[1].hasPrefix("fails  failed(1)  ") && lines[2].hasPrefix("ends   succeeded  "))
      #expect(lines[2].hasSuffix("…") && lines[2].count == columns)
    }
    let coloured = try await shown(80, ["TERM": "xterm"])
    #expect(coloured[1].contains("\u{1B}[31mfailed(1)") && coloured[2].contains("\u{1B}[32msucceeded"))
    #expect(try await shown(80, ["TERM": "dumb"]).allSatisfy { !$0.contains("\u{1B}") })
    // For a pipe nothing is cut or coloured.
    let piped = try await result(agent, agent.agentctl("jobs"), ["TERM": "xterm"]).outputText
    #expect(piped.contains("'\(String(repeating: "long ", count: 40))'\n") && !piped.contains("\u{1B}"))
    let json = try await result(agent, agent.agentctl("jobs", "--json")).outputText.split(separator: "\n")
    #expect(json.count == 2 && json.allSatisfy { $0.hasPrefix("{") && $0.contains(#""exit_code":"#) })
  }

  @Test func jobsAreSelected() async throws {
    let agent = try await Installation.running()
    for (id, program) in [("good", "/bin/true"), ("bad", "/bin/false"), ("gone", "/no/such")] {
      _ = try await result(agent, agent.agentctl("run", "--id", id, "--", program))
    }
    func ids(_ options: String...) async throws -> [String] {
      let listed = try await result(agent, agent.agentctl("jobs") + options)
      return listed.outputText.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != " " }) }
    }
    #expect(try await ids() == ["gone", "bad", "good"])
    #expect(try await ids("--state", "failed,could_not_start") == ["gone", "bad"])
    #expect(try await ids("--state", "succeeded") == ["good"])
    #expect(try await ids("--since", "1h", "--limit", "2") == ["gone", "bad"])
    #expect(try await ids("--since", "2099-01-01T00:00:00Z") == [])
    let user = try await agent.job("good").user
    #expect(try await ids("--user", user).count == 3)
    #expect(try await ids("--user", "\(user)x") == [])
  }

  @Test func theLastLinesAreTheLast() async throws {
    let agent = try await Installation.running()
    let script = "seq 20000; printf 'no end'; seq 3 >&2"
    _ = try await result(agent, agent.agentctl("run", "--id", "count", "--", "/bin/sh", "-c", script))
    for (tail, expected) in [
      ("0", ""), ("1", "no end"), ("3", "19999\n20000\nno end"),
      ("20000", (2...20000).map { "\($0)\n" }.joined() + "no end"),
      ("99999", (1...20000).map { "\($0)\n" }.joined() + "no end"),
    ] {
      let logs = try await result(agent, agent.agentctl("logs", "--tail", tail, "count"))
      #expect(logs.outputText == expected && logs.end == .exited(0), "\(tail): \(logs.errorText)")
    }
    #expect(try await result(agent, agent.agentctl("logs", "--tail", "2", "-f", "count")).errorText == "2\n3\n")
    let followed = try TestProcess(
      agent.agentctl("run", "--id", "slow", "--", "/bin/sh", "-c", "seq 5; read x; seq 6 8"),
      environment: agent.environment, directory: agent.folder.path)
    #expect(try await followed.end().outputText == (1...8).map { "\($0)\n" }.joined())
  }

  /// A script with all that the API has, as one command.
  @Test func whatTheAPIHasCanBeAskedFor() async throws {
    let agent = try await Installation.running()
    try agent.folder.write("script", "#!/bin/sh\numask; cat\n")
    let run = try TestProcess(
      agent.agentctl("run", "--script", "script", "--umask", "027", "--kill-grace", "1s", "--timeout", "2m"),
      environment: agent.environment, directory: agent.folder.path, input: Array("in\n".utf8))
    #expect(try await run.end().outputText == "0027\nin\n")
    let pool = try await result(agent, agent.agentctl("run", "--pool", "none", "--", "/bin/true"))
    #expect(pool.errorText.contains("none") && pool.end == .exited(EX_DATAERR))
    let events = try TestProcess(
      agent.agentctl("events", "--json"), environment: agent.environment, directory: agent.folder.path)
    try await wait(for: "the position") { events.outputText.contains(#"{"position":""#) }
    _ = try await result(agent, agent.agentctl("run", "--id", "seen", "--", "/bin/false"))
    try await wait(for: "the event") { events.outputText.contains(#""exit_code":1,"id":"seen""#) }
  }

  @Test func patienceIsNotExceeded() async throws {
    let agent = try await Installation.running()
    let listener = try await agent.listenerID()
    kill(listener, SIGSTOP)
    let began = ContinuousClock.now
    let show = try await result(agent, agent.agentctl("show", "--patience", "2s", "x"))
    #expect(show.end == .exited(EX_UNAVAILABLE) && began.duration(to: .now) < .seconds(8))
    kill(listener, SIGCONT)
    #expect(try await result(agent, agent.agentctl("show", "x")).errorText.contains("there is no job x"))
  }
}
