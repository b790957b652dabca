import TestSupport
import Testing

/// A test that waits for the output of a program says how the program ended and why, as soon as it has ended.
struct ProgramsThatEndEarlyAreReported {
  @Test(arguments: ["exit 7", "kill -9 $$"]) func atOnce(end: String) async throws {
    let program = try TestProcess(["/bin/sh", "-c", "echo begun; echo 'no such option' >&2; \(end)"], input: nil)
    let begun = ContinuousClock.now
    let error = await #expect(throws: ProgramEnded.self) {
      try await wait(for: "the end of the job") { program.outputText.hasSuffix("ended\n") }
    }
    #expect(begun.duration(to: .now) < .seconds(30))
    let text = error?.description ?? ""
    #expect(text.contains("before the end of the job") && text.contains("no such option"), "\(text)")
    #expect(text.contains(end == "exit 7" ? "exited(7)" : "signalled(9)") && text.contains("begun"), "\(text)")
  }

  @Test func butWhatItHasWrittenCounts() async throws {
    for _ in 0..<20 {
      let program = try TestProcess(["/bin/sh", "-c", "echo begun; echo ended"], input: nil)
      try await wait(for: "its output") { program.outputText == "begun\nended\n" }
    }
  }

  @Test func andOthersMayStillWrite() async throws {
    let (first, second) = (try TestProcess(["true"]), try TestProcess(["cat"], input: nil))
    let firstEnd = try await first.end()
    #expect(firstEnd.end == .exited(0))
    var rounds = 0
    try await wait(for: "the second") {
      rounds += 1
      if rounds == 10 { try second.write("now\n") }
      let texts = [first.outputText, second.outputText]
      return texts == ["", "now\n"]
    }
  }

  @Test func onATerminalToo() async throws {
    let folder = try TemporaryFolder()
    let program = try Terminal(
      ["/bin/sh", "-c", "echo begun; exit 7"], environment: ["PATH": "/usr/bin:/bin"], directory: folder.path)
    try await program.expect("begun")
    let begun = ContinuousClock.now
    let error = await #expect(throws: TerminalError.self) { try await program.expect("ended") }
    #expect(begun.duration(to: .now) < .seconds(30))
    #expect(error?.description.contains("the program ended without") == true, "\(error as Any)")
  }
}
