// Goal: no job, and no other user of the host, can signal a process of agentd: supervisor, listener, signer, resolver or shepherd.
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "without root, all of agentd and all jobs run as one user")) struct NobodyElseSignalsAgentd
{
  /// Signals with which a process could be found, ended, stopped, or made to reload.
  private static let signals = ["0", "TERM", "KILL", "STOP", "HUP", "INT", "ABRT", "USR1", "CONT"]

  /// Prints for each process and signal the error number of kill(2), or "sent". The first process is the job's own parent, its shepherd;
  /// before, it signals itself, to show that it can.
  private static let attempt = """
    print "own ", kill(0, $$) ? "sent" : $! + 0, "\\n";
    for my $process (getppid(), @ARGV) {
      for my $signal (qw(\(signals.joined(separator: " ")))) {
        print "$process $signal ", kill($signal, $process) ? "sent" : $! + 0, "\\n";
      }
    }
    """

  @Test func aJobThatTries() async throws {
    let agent = try await Installation.running()
    try await agent.submit("held", ["/bin/sh", "-c", "read line < held"], fields: try agent.gate("held"))
    let shepherd = try await wait(for: "the shepherd") { agent.shepherds.first }
    let (supervisor, listener) = (agent.supervisorID, try await agent.listenerID())
    let signer = try await agent.signerID()
    // All of the supervisor's processes, whatever they are for.
    let victims = Set([supervisor, shepherd] + (try ProcessTable.children(of: supervisor)))
    try #require(victims.isSuperset(of: [listener, signer]))

    let job = try await agent.finish(
      "attack", ["/usr/bin/perl", "-e", Self.attempt] + victims.map { "\($0)" }, fields: #""directory": "/""#)
    #expect(job.status.state == .succeeded && job.status.user == "nobody")
    let lines = job.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.first?.last == "sent", "it can signal its own processes")
    #expect(lines.count == 1 + (victims.count + 1) * Self.signals.count, "\(job.output)")
    // A child of the supervisor that has ended meanwhile is not found.
    let lasting = lines.dropFirst().filter { line in
      pid_t(line[0]).map { !victims.contains($0) || ProcessTable.isAlive($0) } ?? true
    }
    #expect(lasting.count >= 5 * Self.signals.count)
    for line in lasting { #expect(line.last == "\(EPERM)", "\(line)") }

    #expect(agent.supervisorID == supervisor && ProcessTable.isAlive(supervisor))
    #expect(try await agent.listenerID() == listener)
    #expect(try await agent.signerID() == signer)
    #expect(!agent.log.contains("reload"), "\(agent.log)")
    try await agent.openGate("held")
    #expect(try await agent.job("held", wait: 30).state == .succeeded)
  }
}
