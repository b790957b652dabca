// Goal: a write that the disk refuses is 507 with the cause, whichever it is; what was recorded can still be read; the agent's status
// warns; the log says it once; and with the disk everything comes back.
import AgentProtocol
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root may trace agentd")) struct FailingDiskIsNamed {
  @Test(arguments: [
    ("EROFS", "fails: Read-only file system"), ("EIO", "fails: Input/output error"), ("ENOSPC", "is full"),
    ("EDQUOT", "is full"),
  ])
  func whateverTheCause(_ error: String, _ cause: String) async throws {
    let agent = try await Installation.running(configuration: "[jobs]\ncgroup = \"off\"\n")
    #expect(try await agent.finish("before", ["/bin/echo", "kept"]).output == "kept\n")
    let running = try agent.gate("go")
    try await agent.submit("running", ["/bin/sh", "-c", "read line < go"], fields: running)
    try await wait(for: "it to run") { !agent.shepherds.isEmpty }

    let tracer = try TestProcess([
      "strace", "-p", "\(agent.supervisorID)", "-o", "/dev/null", "-P", agent.folder.path("state/ledger.sqlite"), "-P",
      agent.folder.path("state/ledger.sqlite-wal"), "-e", "trace=pwrite64,fsync,fdatasync", "-e",
      "inject=pwrite64,fsync,fdatasync:error=\(error)",
    ])
    try await wait(for: "strace to attach") { tracer.errorText.contains("attached") || tracer.isOver }
    for number in 0..<3 {
      let refused = try await agent.request("PUT", "jobs/refused-\(number)", body: #"{"command": ["/bin/true"]}"#)
      #expect(refused.status == 507, "\(refused.text)")
      let problem = try JSONDecoder().decode(ProblemDocument.self, from: Data(refused.body))
      #expect(problem.detail == "the disk that holds the job ledger \(cause)")
    }
    // Its end cannot be recorded yet, and is tried again every second.
    try await agent.openGate("go")
    try await wait(for: "the job to end") { agent.shepherds.isEmpty }
    let waiting = try await agent.job("running", wait: 3)
    #expect(waiting.state == .running)
    #expect(try await agent.job("before").state == .succeeded)
    #expect(try await agent.request("GET", "jobs/before/output").text == "kept\n")
    let status = try await agent.request("GET", "agent").text
    #expect(status.contains("the job ledger cannot be written: "), "\(status)")
    #expect(agent.log.split(separator: "\n").count { $0.contains("error ledger: ") } == 1, "\(agent.log)")

    try tracer.handle.send(SIGINT)
    _ = try await tracer.end()
    #expect(try await agent.job("running", wait: 30).state == .succeeded)
    #expect(try await agent.finish("refused-0", ["/bin/echo", "well"]).output == "well\n")
    try await agent.logLine(with: "ledger: works again")
    try await wait(for: "the warning to go") {
      try await !agent.request("GET", "agent").text.contains("cannot be written")
    }
  }
}
