import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Shepherd

/// Goal: the two ways to find a process's children agree, and facts are parsed correctly even for oddly named processes.
struct ProcessesAreFound {
  @Test func childrenOfThisProcess() async throws {
    let child = try TestProcess(["sleep", "1000"])
    #expect(ChildProcesses.of(getpid()).contains(child.handle.processID))
    #expect(ChildProcesses.fromAllProcesses(getpid()).contains(child.handle.processID))
    let fact = try #require(ProcessFact(child.handle.processID))
    #expect(fact.parent == getpid())
    #expect(fact.group == getpgrp())
    #expect(!fact.isZombie)
    try child.handle.send(SIGKILL)
    try await wait(for: "the end") { ProcessFact(child.handle.processID)?.isZombie == true }
    #expect(try await child.end().end == .signalled(SIGKILL))
    #expect(ProcessFact(child.handle.processID) == nil)
    #expect(ChildProcesses.of(child.handle.processID).isEmpty)
  }

  /// proc(5): the name may contain spaces and parentheses.
  @Test func anOddName() async throws {
    let home = try TemporaryFolder()
    let program = home.path("a) Z 1 (b")
    try #require(try await run("cp", "/bin/sleep", program).end == .exited(0))
    let child = try TestProcess([program, "1000"])
    let fact = try #require(ProcessFact(child.handle.processID))
    #expect(fact.parent == getpid())
    #expect(!fact.isZombie)
  }

  @Test(arguments: [
    ("/bin/x", "PATH=/a:/b", ["/bin/x"]), ("./x", "PATH=/a", ["./x"]), ("x", "PATH=/a:/b", ["/a/x", "/b/x"]),
    ("x", "PATH=:/a::", ["/a/x"]), ("x", "PATH=", []), ("x", "PATHS=/a", []),
  ])
  func candidates(_ program: String, _ variable: String, _ expected: [String]) {
    let found = ProgramPath.candidates(
      for: Array(program.utf8), environment: [Array("A=b".utf8), Array(variable.utf8)])
    #expect(found.map { String(decoding: $0, as: UTF8.self) } == expected)
  }
}
