import AgentProtocol
import JobLaunch
import Testing
import Values

/// Goal: however a job ends, its state, exit code, signal and reason report it.
struct EveryEndIsTold {
  struct Case: Sendable, CustomTestStringConvertible {
    var command: [String]
    var state: JobState
    var exitCode: Int32?
    var signal: String?
    var reason: String?
    var output = ""
    var directory: String?
    var testDescription: String { command.joined(separator: " ") }
  }

  static let cases = [
    Case(command: ["/bin/true"], state: .succeeded, exitCode: 0),
    Case(command: ["true"], state: .succeeded, exitCode: 0),
    Case(command: ["/bin/false"], state: .failed, exitCode: 1),
    Case(command: ["/bin/sh", "-c", "exit 255"], state: .failed, exitCode: 255),
    Case(command: ["/bin/sh", "-c", "echo out; echo err >&2"], state: .succeeded, exitCode: 0, output: "out\nerr\n"),
    Case(command: ["cat"], state: .succeeded, exitCode: 0),
    Case(
      command: ["/bin/sh", "-c", "kill -TERM $$"], state: .killed, signal: "SIGTERM",
      reason: "killed by SIGTERM, which agentd did not send"),
    Case(
      command: ["/bin/sh", "-c", "kill -KILL $$"], state: .killed, signal: "SIGKILL",
      reason: "killed by SIGKILL, which agentd did not send"),
    Case(
      command: ["/bin/sh", "-c", "ulimit -c 0; kill -SEGV $$"], state: .killed, signal: "SIGSEGV",
      reason: "killed by SIGSEGV: it made an invalid memory access"),
    Case(
      command: ["/bin/sh", "-c", "kill -36 $$"], state: .killed, signal: "SIGRTMIN+2",
      reason: "killed by SIGRTMIN+2, which agentd did not send"),
    Case(
      command: ["/bin/nope"], state: .couldNotStart, reason: "cannot execute /bin/nope: No such file or directory"),
    Case(command: ["nope"], state: .couldNotStart, reason: "cannot execute nope: not found in the job's PATH"),
    Case(command: ["/etc/passwd"], state: .couldNotStart, reason: "cannot execute /etc/passwd: Permission denied"),
    Case(command: ["/tmp"], state: .couldNotStart, reason: "cannot execute /tmp: Permission denied"),
    Case(
      command: ["/etc/passwd/x"], state: .couldNotStart,
      reason: "cannot execute /etc/passwd/x: No such file or directory"),
    Case(
      command: ["pwd"], state: .couldNotStart, reason: "cannot enter directory /nonexistent: No such file or directory",
      directory: "/nonexistent"),
    Case(
      command: ["pwd"], state: .couldNotStart, reason: "cannot enter directory /etc/passwd: Not a directory",
      directory: "/etc/passwd"),
    Case(command: ["pwd"], state: .succeeded, exitCode: 0, output: "/usr/bin\n", directory: "/usr/bin"),
  ]

  @Test(arguments: cases)
  func end(_ expected: Case) async throws {
    let bench = try JobBench()
    var request = JobRequest(command: expected.command)
    request.directory = expected.directory
    let (outcome, output) = try await bench.run(request)
    #expect(outcome.state == expected.state)
    #expect(outcome.exitCode == expected.exitCode)
    #expect(outcome.signal == expected.signal)
    #expect(outcome.reason == expected.reason)
    #expect(output == expected.output)
    #expect(outcome.killed == 0 && outcome.left == 0 && outcome.outputBytesDropped == 0)
    #expect(outcome.outputBytes == Int64(expected.output.utf8.count))
    #expect((outcome.startedAt == nil) == (expected.state == .couldNotStart))
    #expect(try #require(outcome.finishedAt) >= outcome.startedAt ?? Timestamp(milliseconds: 0))
  }
}
