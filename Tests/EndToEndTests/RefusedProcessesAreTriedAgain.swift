// Goal: where the host has no room for another process at the moment (`ulimit -u`), accepted jobs wait and then run, each once; what waits
// can be cancelled.
import AgentProtocol
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "root limits another user")) struct RefusedProcessesAreTriedAgain {
  @Test(.timeLimit(.minutes(3))) func whereFewProcessesAreAllowed() async throws {
    let agent = try await Installation(users: "")
    try await agent.register()
    try agent.folder.write("marks", "", mode: 0o666)
    // agentd's own threads take most of them.
    try await agent.startWithoutAnEntry(["prlimit", "--nproc=14:14"])
    let mark = agent.folder.path("marks")
    let names = (0..<10).map { "n\($0)" }
    for name in names { try await agent.submit(name, ["/bin/sh", "-c", "echo \(name) >> \(mark); exec sleep 0.5"]) }
    for name in names {
      let status = try await agent.job(name, wait: 60)
      #expect(status.state == .succeeded, "\(name): \(status.reason ?? "")")
    }
    let marks = try agent.folder.read("marks").split(separator: "\n").map(String.init)
    #expect(marks.sorted() == names, "each ran once")
    try await agent.logLine(with: "job cannot be started now; trying again")
  }

  /// The limit of the job's user, which the kernel checks when the program is executed.
  @Test(.timeLimit(.minutes(3))) func whereTheUserHasTooManyProcesses() async throws {
    let agent = try await Installation(
      configuration: "[jobs.limits]\nnproc = 2\n[[client]]\ncertificate = \"*\"\njobs = \"all\"\n")
    try await agent.register()
    let user = "agentd-few"
    try agent.folder.write(
      "passwd", try await run("cat", "/etc/passwd").outputText + "\(user):x:4899:4899::/:/bin/sh\n")
    try await agent.start(wrapper: [
      "unshare", "--mount", "/bin/sh", "-c", "mount --bind passwd /etc/passwd && exec \"$@\"", "sh",
    ])
    for name in ["a", "b"] {
      let directory = try agent.gate(name)
      try await agent.submit(
        name, ["/bin/sh", "-c", "read line < \(name)"], fields: "\"user\": \"\(user)\"", directory)
    }
    try await agent.submit("waits", ["/bin/true"], fields: "\"user\": \"\(user)\"")
    try await agent.submit("cancelled", ["/bin/true"], fields: "\"user\": \"\(user)\"")
    try await agent.logLine(with: "trying again", "job=cancelled")
    #expect(try await agent.request("POST", "jobs/cancelled/cancel").status == 200)
    #expect(try await agent.job("cancelled", wait: 20).state == .cancelled)
    #expect(try await agent.job("waits").state == .running)
    for name in ["a", "b"] {
      try await agent.openGate(name)
      #expect(try await agent.job(name, wait: 60).state == .succeeded)
    }
    #expect(try await agent.job("waits", wait: 60).state == .succeeded)
  }
}
