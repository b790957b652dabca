import AgentProtocol
import Glibc
import TestSupport
import Testing

@testable import JobLaunch

/// Goal: a script runs with its interpreter, as the job's user, with its bytes unchanged.
struct ScriptsRun {
  struct Case: Sendable, CustomTestStringConvertible {
    var script: String
    var interpreter: String?
    var output: String
    var testDescription: String { String(reflecting: script) }
  }

  static let cases = [
    Case(script: "echo $0; exit 0", output: "/dev/fd/3\n"),
    Case(script: "print(6 * 7)", interpreter: "/usr/bin/python3", output: "42\n"),
    Case(script: "#!/usr/bin/python3\nprint(6 * 7)\n", output: "42\n"),
    Case(script: "#! /bin/bash  -e \necho ${BASH:+bash} $-\n", output: "bash ehB\n"),
    Case(
      script: "#!/usr/bin/env -S python3 -I\nimport sys; print(sys.flags.isolated, sys.argv)",
      output: "1 ['/dev/fd/3']\n"),
    // The interpreter in the request takes precedence.
    Case(script: "#!/usr/bin/python3\necho shell", interpreter: "/bin/sh", output: "shell\n"),
    Case(script: "#!/bin/sh\r\nif true; then\r\n  echo dos\r\nfi\r\n", output: "dos\n"),
    // Only inner lines end in CR LF, which may be intended.
    Case(script: "#!/bin/sh\nprintf 'a\r\nb'", output: "a\r\nb"),
    // A byte order mark hides #! from the kernel, and from a shell the first command.
    Case(script: "\u{feff}#!/usr/bin/python3\nprint(6 * 7)\n", output: "42\n"),
    Case(script: "\u{feff}#!/bin/bash -e\r\necho ${BASH:+bash}\r\n", output: "bash\n"),
    Case(script: "\u{feff}echo marked", output: "marked\n"),
    Case(script: "\u{feff}echo marked", interpreter: "/bin/bash", output: "marked\n"),
    // Only the first one is a mark.
    Case(script: "\u{feff}\u{feff}true 2>/dev/null\nprintf '\u{feff}' | wc -c", interpreter: "/bin/sh", output: "3\n"),
    Case(script: "cat; ls /proc/$$/fd | grep -cx '[0-3]'", output: "input\n4\n"),
    Case(script: "# " + String(repeating: "ä", count: 300_000) + "\necho end", output: "end\n"),
  ]

  @Test(arguments: cases)
  func each(_ expected: Case) async throws {
    let bench = try JobBench()
    var request = JobRequest(script: expected.script, interpreter: expected.interpreter)
    request.stdin = "input\n"
    let (outcome, output) = try await bench.run(request)
    #expect(outcome.state == .succeeded, "\(outcome)")
    #expect(output == expected.output)
  }

  @Test(.enabled(if: geteuid() == 0, "a job of another user needs root"))
  func asAnotherUser() async throws {
    let bench = try JobBench()
    let (outcome, output) = try await bench.run(
      JobRequest(script: "id -un; cat $0 | wc -l; stat -Lc '%a %U' $0"), as: "nobody")
    #expect(output == "nobody\n0\n444 root\n")
    #expect(outcome.state == .succeeded)
  }

  /// Neither the job itself, nor another job of its user, nor root: what was submitted is what runs.
  @Test func nobodyChangesAScriptAfterItsSubmission() async throws {
    let script = """
      chmod 777 $0 2>/dev/null
      for change in 'echo id > $0' 'echo id >> $0' 'truncate -s 0 $0'; do eval "$change" 2>/dev/null || echo refused; done
      cat $0

      """
    let (_, output) = try await JobBench().run(JobRequest(script: script))
    #expect(output == "refused\nrefused\nrefused\n" + script)
  }

  @Test(arguments: [
    (
      JobRequest(script: "x", interpreter: "/nonexistent/sh"),
      "cannot execute /nonexistent/sh: No such file or directory"
    ),
    (JobRequest(script: "#!/nonexistent/sh"), "cannot execute /nonexistent/sh: No such file or directory"),
  ])
  func anInterpreterThatDoesNotExist(_ request: JobRequest, _ reason: String) async throws {
    let outcome = try await JobBench().run(request).outcome
    #expect(outcome.state == .couldNotStart)
    #expect(outcome.reason == reason)
  }

  @Test func warnings() {
    #expect(JobRequest(script: "a\r\nb").warning == "the script's lines ended in CR LF; they were converted to LF")
    #expect(JobRequest(script: "a\nb\r\n").warning == nil)
    let mark = "the script began with a byte order mark; it was removed"
    #expect(JobRequest(script: "\u{feff}a").warning == mark)
    #expect(
      JobRequest(script: "\u{feff}a\r\nb").warning
        == "\(mark); the script's lines ended in CR LF; they were converted to LF")
    #expect(ScriptCommand.bytes("\u{feff}a\r\n") == Array("a\n".utf8))
    #expect(JobRequest(script: "a\r").warning == nil)
    #expect(ScriptCommand.bytes("a\r\n\r\nb\rc\r") == Array("a\n\nb\rc\r".utf8))
  }
}
