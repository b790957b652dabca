// Goal: the scheduler's documentation from first line to last on four hosts with their own names, addresses and networks: a scheduler, an
// agent that requests its certificate, an agent that receives a file, a standby scheduler. Only the words of the documentation say where
// anything is; in the end, both schedulers run jobs on both agents.
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can make hosts of name spaces")) struct ArticleOnSeparateHosts {
  @Test func fromTheFirstLineToTheLast() async throws {
    let hosts = try await SeparateHosts(["sched1", "sched2", "agent01", "agent02"])
    for name in ["sched1", "sched2"] {
      try hosts[name].install(["scheduler-register": "scheduler-register", "agentctl": "agentctl"])
    }
    for name in ["agent01", "agent02"] { try prepareAgent(hosts[name]) }

    let first = try await prompt(hosts["sched1"])
    try await authority(first)
    let second = try await requestedCertificate(hosts, first)
    let other = try await copiedCertificate(hosts, first)
    try await standby(hosts, first)

    for scheduler in ["sched1", "sched2"] {
      for agent in ["agent01", "agent02"] {
        let job = try await hosts[scheduler].run("agentctl", "run", agent, "--", "/bin/uname", "-n")
        #expect(job == "\(agent)\n", "\(scheduler)")
      }
      let all = try await hosts[scheduler].run("agentctl", "run", "-a", "agent*", "--", "/bin/uname", "-n")
      #expect(Set(all.split(separator: "\n")) == ["agent01: agent01", "agent02: agent02"], "\(scheduler)")
    }
    try second.type("\u{3}")
    try await second.expect("agentd stops")
    try other.type("\u{3}")
    try await other.expect("agentd stops")
  }

  private func prepareAgent(_ host: SeparateHosts.Host) throws {
    try host.install(["jams-agentd": "agentd", "jams-register": "agent-register"])
    // The system's own paths belong to this machine, and so does its user database.
    try host.folder.write(
      "agentd.toml",
      """
      [paths]
      store = "store"
      listener = "listener.toml"
      state = "state"
      runtime = "run"
      [process]
      listener_user = "games"

      """)
  }

  /// "Setting up the Certificate Authority".
  private func authority(_ prompt: Terminal) async throws {
    try prompt.type("CREATE ROOT CA /STOREKEY /MAKEDEFAULT\n")
    try await prompt.expect("New self-signed certificate")
    try await prompt.expect("JAMS Local Self-Signed Root CA")
    try prompt.type("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT\n")
    try await prompt.expect("New certificate")
    try await prompt.expect("scheduler>")
  }

  /// "Setting up a Windows Agent", which here is Linux.
  private func requestedCertificate(_ hosts: SeparateHosts, _ prompt: Terminal) async throws -> Terminal {
    let (scheduler, agent) = (hosts["sched1"], hosts["agent02"])
    let service = try scheduler.start("scheduler-register", "SERVE ENROLMENT")
    try await wait(for: "the enrolment service") {
      if service.isOver { throw HarnessError(service.errorText) }
      return service.errorText.contains("enrolment is served")
    }
    try prompt.type("CREATE ENROLMENT CODE /AGENTNAME=agent02\n")
    try await prompt.expect("code        ")
    let code = try await prompt.expect("\r\n")
    try await prompt.expect("scheduler>")

    let shell = try agent.terminal("sh")
    try shell.type("jams-register UPDATE AGENT LISTENER /REQCERT /SERVER=\"sched1\" \\\n")
    try shell.type("    /NOALLOWSSPI /NOALLOWNONE /AGENTNAME=agent02; echo requested=$?\n")
    try await shell.expect("Enrolment code: ")
    try shell.type("\(code.split(separator: "\r")[0])\n")
    try await shell.expect("Requested Certificate")
    try await shell.expect("requested=0")
    let agentd = try await startAgent(agent)

    try prompt.type("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=agent02\n")
    try prompt.type("    /SERVER=\"sched1\" /NOALLOWNONE /NOALLOWSSPI\n")
    try await prompt.expect("Executor Connector ADDED")
    try await prompt.expect("agent02:5773")
    try await prompt.expect("connected   to agentd")
    try await expectOnline("agent02", scheduler)
    // "If the Agent state is Unauthenticated, disable and re-enable the Agent".
    try await scheduler.run("agentctl", "disable", "agent02")
    #expect(try await scheduler.run("agentctl", "agents").contains("agent02  Disabled"))
    try await scheduler.run("agentctl", "enable", "agent02")
    try await expectOnline("agent02", scheduler)
    #expect(service.errorText.contains("certificate issued for a code agent=agent02"), "\(service.errorText)")
    return agentd
  }

  /// "Setting up a Linux Agent".
  private func copiedCertificate(_ hosts: SeparateHosts, _ prompt: Terminal) async throws -> Terminal {
    let (scheduler, agent) = (hosts["sched1"], hosts["agent01"])
    try prompt.type("CREATE AGENT LISTENER CERT /NOSTORECERT /FILENAME=agentcert.pem /PROMPT \n")
    try prompt.type("    /AGENTNAME=agent01 /PEM /CHAIN\n")
    try await prompt.answerPassword(twice: true)
    try await prompt.expect("New certificate")
    try await prompt.expect("thumbprint  ")
    let thumbprint = try await prompt.expect("\r\n").filter(\.isHexDigit)
    try scheduler.copy("agentcert.pem", to: agent)

    let shell = try agent.terminal("sh")
    try shell.type("jams-register -I agentcert.pem -q; echo imported=$?\n")
    try await shell.answerPassword(twice: false)
    try await shell.expect("imported=0")
    try shell.type("jams-register -L -t \(thumbprint) -d none; echo configured=$?\n")
    try await shell.expect("configured=0")
    let agentd = try await startAgent(agent)

    try prompt.type("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=agent01\n")
    try prompt.type("    /SERVER=\"sched1\" /NOALLOWNONE /NOALLOWSSPI /PLATFORM=\"Linux\"    \n")
    try await prompt.expect("Executor Connector ADDED")
    try await prompt.expect("connected   to agentd")
    try await expectOnline("agent01", scheduler)
    return agentd
  }

  /// "Setting up Secure Communication to a Secondary Server in a High Availability Environment".
  private func standby(_ hosts: SeparateHosts, _ prompt: Terminal) async throws {
    try prompt.type("LIST EXEC CONFIG\n")
    try await prompt.expect("Default Root CA Thumbprint: ")
    let root = try await prompt.expect("\r\n").filter(\.isHexDigit)
    try await prompt.expect("Default Executor Connector Thumbprint: ")
    let connector = try await prompt.expect("\r\n").filter(\.isHexDigit)
    try prompt.type("EXPORT ROOT CA /FILENAME=root.pfx /PROMPT\n")
    try await prompt.answerPassword(twice: true)
    try await prompt.expect("Root CA exported")
    // "which will match the Default Root CA Thumbprint"
    try await prompt.expect(root)
    try prompt.type("EXPORT EXEC CERT /FILENAME=exec.pfx /PROMPT /THUMBPRINT=\(connector)\n")
    try await prompt.answerPassword(twice: true)
    try await prompt.expect("Executor certificate exported")

    let secondary = hosts["sched2"]
    for file in ["root.pfx", "exec.pfx"] { try hosts["sched1"].copy(file, to: secondary) }
    let other = try await self.prompt(secondary)
    try await other.importFromFirstScheduler()
    for agent in ["agent01", "agent02"] {
      try other.type("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=\(agent) /SERVER=\"sched2\" /PLATFORM=\"Linux\"\n")
      try await other.expect("connected   to agentd")
    }
    try await expectOnline("agent01", secondary)
  }

  private func startAgent(_ host: SeparateHosts.Host) async throws -> Terminal {
    let agentd = try host.terminal("jams-agentd", "–F")
    try await agentd.expect("agentd serves")
    return agentd
  }

  private func expectOnline(_ agent: String, _ scheduler: SeparateHosts.Host) async throws {
    #expect(try await scheduler.run("agentctl", "agents").contains("\(agent)  Online"))
  }

  private func prompt(_ host: SeparateHosts.Host) async throws -> Terminal {
    let terminal = try host.terminal("scheduler-register")
    try await terminal.expect("scheduler>")
    return terminal
  }
}
