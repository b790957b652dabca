import Glibc
import SystemCalls
import Testing

@testable import Supervisor

/// Goal: a process that has been idle for a while releases the memory of code that it does not execute.
struct QuietTimeIsUsed {
  @Test func onceForEachWhile() throws {
    let reactor = try Reactor()
    var calls = 0
    let quiet = QuietTime(.milliseconds(20), on: reactor) { calls += 1 }
    reactor.turnEnded = quiet.turnEnded
    var begun = ContinuousClock.now
    for round in 1...3 {
      reactor.after(.zero) {}
      while calls < round { try reactor.turn() }
      #expect(.now - begun >= .milliseconds(20))
      // Nothing is left to wait for: the next turn belongs to another timer.
      reactor.after(.milliseconds(100)) {}
      try reactor.turn()
      #expect(calls == round)
      begun = .now
    }
  }

  @Test func notWhileThereIsSomethingToDo() throws {
    let reactor = try Reactor()
    var calls = 0
    let quiet = QuietTime(.milliseconds(200), on: reactor) { calls += 1 }
    reactor.turnEnded = quiet.turnEnded
    let end = ContinuousClock.now + .milliseconds(500)
    var lastGap = ContinuousClock.now
    while ContinuousClock.now < end {
      reactor.after(.milliseconds(5)) {}
      try reactor.turn()
      // On a busy machine, a turn may be late; then the process really was idle.
      if .now - lastGap > .milliseconds(150) { return }
      lastGap = .now
    }
    #expect(calls == 0)
  }

  @Test func codeIsMappedAnewAsItIsExecuted() throws {
    let before = try Self.mappedCode()
    #expect(ProgramPages.giveBack() > 1)
    let after = try Self.mappedCode()
    #expect(after < before, "\(before) KiB of code were mapped, then \(after)")
  }

  /// Returns the size in KiB, from proc_pid_smaps(5).
  private static func mappedCode() throws -> Int {
    let maps = String(decoding: try DurableFile.read("/proc/self/smaps", limit: 1 << 24), as: UTF8.self)
    var (total, isCode) = (0, false)
    for line in maps.split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields.count > 4, fields[1].count == 4, !line.hasPrefix("VmFlags") { isCode = fields[1].contains("x") }
      if isCode, fields[0] == "Rss:" { total += Int(fields[1]) ?? 0 }
    }
    return total
  }
}
