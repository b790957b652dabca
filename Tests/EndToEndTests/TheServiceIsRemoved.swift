// Goal: `jams-agentd --kill-daemon` and `--remove-service` do what JAMS documents: the daemon ends, its jobs do not, and nothing starts it
// with the host any longer; it can be started by hand.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct TheServiceIsRemoved {
  @Test func theDaemonEndsAndItsJobsDoNot() async throws {
    let agent = try await Installation.running()
    try await agent.submit("steady", ["/bin/sh", "-c", "read line < go; exit 4"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.job("steady").state == .running }
    let process = agent.supervisorID
    let killed = try await agent.run(["jams-agentd", "--kill-daemon"])
    #expect(killed.end == .exited(0), "\(killed.errorText)")
    #expect(killed.outputText.hasSuffix(" has ended; jobs keep running\n"), "\(killed.outputText)")
    #expect(try await agent.ended() == .exited(0))
    #expect(!ProcessTable.isAlive(process))
    let again = try await agent.run(["jams-agentd", "--kill-daemon"])
    #expect(again.end == .exited(0) && again.outputText == "agentd: is not running\n", "\(again.errorText)")

    try await agent.start()
    try await agent.openGate("go")
    #expect(try await agent.job("steady", wait: 20).exitCode == 4)
  }

  @Test(arguments: [["-F", "--kill-daemon"], ["-t", "--remove-service"], ["-C", "f", "--kill-daemon"]])
  func notWithOthers(_ arguments: [String]) async throws {
    let result = try await TestProcess([try BuiltProduct.path("agentd")] + arguments).end()
    #expect(result.end == .exited(EX_USAGE) && result.errorText.contains("cannot be combined"), "\(result.errorText)")
  }

  @Test(.enabled(if: isRoot, "only root can make hosts of name spaces")) func nothingStartsItAnyLonger() async throws {
    let hosts = try await SeparateHosts(["agent01"], try await InstalledSystem())
    let host = hosts["agent01"]
    let units = "/usr/local/lib/systemd/system"
    // systemd's mark, and the stand-in for systemctl(1), which writes down what is disabled.
    let removed = try await host.start(
      "sh", "-euc", "mkdir -p /run/systemd/system; jams-agentd --remove-service; cat /run/disabled; ls \(units)"
    ).end()
    #expect(removed.end == .exited(0), "\(removed.errorText)")
    let output = removed.outputText
    #expect(output.hasPrefix("agentd: disabled agentd.service and agentd.socket\n"), "\(output)")
    for unit in ["agentd.service", "agentd.socket"] {
      #expect(output.contains("agentd: removed \(units)/\(unit)\n") && output.contains("\n\(unit)\n"), "\(output)")
    }
    // The enrolment service of a scheduler is another one.
    #expect(output.hasSuffix("\nagentd-enrolment.service\n"), "\(output)")
    let again = try await host.start("jams-agentd", "--remove-service").end()
    #expect(again.outputText == "agentd: there is no service that starts it\n", "\(again.errorText)")
    let user = try await host.start("setpriv", "--reuid=65534", "--clear-groups", "jams-agentd", "--remove-service")
      .end()
    #expect(user.end == .exited(EX_NOPERM) && user.errorText.contains("only root can remove"), "\(user.errorText)")
  }
}
