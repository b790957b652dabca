// Goal: with few descriptors allowed, and more connections and jobs than they suffice for, no agentd process ends; clients that must wait
// or are refused are told so, and everything works as before once descriptors are available again.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct RunningOutOfDescriptorsIsSurvived {
  @Test(arguments: [44, 64]) func ofConnectionsAndJobs(limit: Int) async throws {
    let agent = try await Installation(configuration: "[jobs]\nmax_running = 200\n")
    try await agent.register()
    try await agent.start(wrapper: ["/bin/bash", "-c", "ulimit -n \(limit); exec \"$@\"", "bash"])
    let listener = try await agent.listenerID()
    let supervisor = agent.supervisorID
    _ = try agent.gate("go")

    // More jobs than the supervisor has descriptors for: it holds one per job, and more during its start.
    var answers: [Int] = []
    for number in 1...(limit + 20) {
      let body = #"{"command": ["/bin/sleep", "600"], "directory": "/"}"#
      answers.append(try await agent.request("PUT", "jobs/sleep-\(number)", body: body).status)
    }
    #expect(Set(answers).isSubset(of: [201, 503, 507]), "\(answers)")
    #expect(answers.contains(201))

    // More connections than the listener has descriptors for.
    let strangers = try TestProcess(
      [
        "python3", "-c",
        """
        import socket, sys
        held = [socket.create_connection(("127.0.0.1", \(agent.port))) for _ in range(\(limit + 20))]
        print("connected", flush=True)
        sys.stdin.read()
        """,
      ], input: nil)
    try await wait(for: "the strangers") { strangers.outputText == "connected\n" }
    try await agent.logLine(with: "warning", "new connections wait")
    strangers.closeInput()
    _ = try await strangers.end()

    #expect(try await agent.request("GET", "agent").status == 200)
    for number in 1...(limit + 20) {
      _ = try await agent.request("POST", "jobs/sleep-\(number)/cancel")
    }
    for number in 1...(limit + 20) where answers[number - 1] == 201 {
      let job = try await agent.job("sleep-\(number)", wait: 60)
      #expect([.cancelled, .couldNotStart].contains(job.state), "\(job)")
    }
    #expect(try await agent.finish("after", ["/bin/echo", "well"], fields: #""directory": "/""#).output == "well\n")
    #expect(ProcessTable.isAlive(supervisor) && agent.supervisorID == supervisor)
    #expect(try await agent.listenerID() == listener, "\(agent.log)")
    let logged = agent.log.utf8.count
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete", after: logged)
    #expect(try await agent.request("GET", "agent").status == 200)
  }
}
