import AgentProtocol
import Synchronization
import TestSupport
import Testing
import Values

@testable import JobLedger

/// Goal: a job is forgotten for its age when agentd has run for that long since its end, whatever the wall clock says meanwhile.
struct ClockJumpsForgetNothing {
  private static let day: Int64 = 86_400_000
  private static let begin: Int64 = 20_000 * day

  /// A ledger under clocks of its own.
  private final class Host {
    let home: TemporaryFolder
    let clocks = Clocks()
    var ledger: JobLedger!

    init() throws {
      home = try TemporaryFolder()
      try start()
    }

    /// Starts agentd, after a break in which the wall clock has moved.
    func start(after jump: Int64 = 0) throws {
      ledger = nil
      clocks.jump(jump)
      clocks.restart()
      ledger = try JobLedger(
        path: home.path("ledger.sqlite"),
        clock: LedgerClock(wall: { [clocks] in clocks.wall }, uptime: { [clocks] in clocks.uptime }))
    }

    /// Lets agentd run, which looks at its jobs every hour.
    func run(days: Int, keeping kept: Int = 30) throws {
      for _ in 0..<(days * 24) {
        clocks.pass(ClockJumpsForgetNothing.day / 24)
        try ledger.noteAge(keeping: kept)
        try ledger.commit()
      }
    }

    /// Records a job that ends now.
    func end(_ id: String) throws {
      var status = JobStatus.sample(id, at: clocks.wall)
      try ledger.insert(status, request: JobRequest(command: status.command), then: .start)
      status.finishedAt = Timestamp(milliseconds: clocks.wall)
      try ledger.update(status, on: .exitWithZero)
      try ledger.commit()
    }

    /// The jobs that may be forgotten now.
    func due(after days: Int = 30) throws -> [String] {
      guard let oldest = try ledger.endsToForget(after: days) else { return [] }
      return try ledger.endedFirst(limit: 100).filter { $0.finishedAt < oldest }.map(\.id.description).sorted()
    }
  }

  private final class Clocks: Sendable {
    private let times = Mutex((wall: ClockJumpsForgetNothing.begin, uptime: 0 as Int64))
    var wall: Int64 { times.withLock { $0.wall } }
    var uptime: Int64 { times.withLock { $0.uptime } }
    func jump(_ milliseconds: Int64) { times.withLock { $0.wall += milliseconds } }
    func set(_ wall: Int64) { times.withLock { $0.wall = wall } }
    func restart() { times.withLock { $0.uptime = 0 } }
    func pass(_ milliseconds: Int64) { times.withLock { $0 = ($0.wall + milliseconds, $0.uptime + milliseconds) } }
  }

  @Test func withoutJumps() throws {
    let host = try Host()
    try host.end("a")
    try host.run(days: 20)
    try host.end("b")
    try host.run(days: 9)
    #expect(try host.due() == [])
    try host.run(days: 2)
    #expect(try host.due() == ["a"])
    try host.run(days: 18)
    #expect(try host.due() == ["a"])
    try host.run(days: 2)
    #expect(try host.due() == ["a", "b"])
  }

  @Test(arguments: [40 * day, 4000 * day, -40 * day, -begin]) func atAStart(_ jump: Int64) throws {
    let host = try Host()
    try host.run(days: 5)
    try host.end("a")
    try host.run(days: 1)
    try host.start(after: jump)
    #expect(try host.due() == [])
    try host.run(days: 1)
    try host.end("b")
    #expect(try host.due() == [])
    // Corrected while agentd runs, as by NTP.
    host.clocks.jump(-jump)
    try host.run(days: 20)
    #expect(try host.due() == [])
    // Neither is kept for good.
    try host.run(days: jump > 0 ? Int(min(jump / Self.day, 80)) : 60)
    #expect(try host.due().contains("a") == true)
  }

  /// A machine without a battery: each start is in 1970, until NTP corrects it a minute later.
  @Test func withoutABattery() throws {
    let host = try Host()
    try host.run(days: 40)
    try host.end("before")
    var now = host.clocks.wall
    for number in 0..<50 {
      host.clocks.set(0)
      try host.start()
      host.clocks.pass(30_000)
      try host.end("boot-\(number)")
      host.clocks.pass(30_000)
      now += 600_000
      host.clocks.set(now)
      #expect(try host.due() == [])
      try host.end("day-\(number)")
    }
    #expect(try host.due() == [])
  }

  /// Wrong at each start: the breaks do not add up.
  @Test func aClockThatIsWrongAtEachStart() throws {
    let host = try Host()
    try host.end("a")
    for _ in 0..<100 {
      try host.start(after: 40 * Self.day)
      try host.ledger.noteAge(keeping: 30)
      try host.ledger.commit()
      host.clocks.jump(-40 * Self.day)
      try host.start()
    }
    #expect(try host.due() == [])
  }

  /// A host that is off at the weekend keeps its jobs hardly longer; one that was off for a year keeps them.
  @Test func breaksCountWithinLimits() throws {
    let host = try Host()
    try host.end("a")
    for _ in 0..<5 {
      try host.run(days: 5)
      try host.start(after: 2 * Self.day)
    }
    try host.run(days: 2)
    #expect(try host.due() == ["a"])
    try host.end("b")
    try host.start(after: 365 * Self.day)
    #expect(try host.due() == ["a"])
  }

  /// The ids of jobs that were forgotten early: submitted again, they must not run because the clock has jumped.
  @Test func spentIDsStaySpent() throws {
    let host = try Host()
    try host.run(days: 31)
    try host.end("a")
    try host.ledger.forgetButID(JobID("a")!)
    try host.ledger.commit()
    try host.start(after: 40 * Self.day)
    let oldest = try #require(try host.ledger.endsToForget(after: 30))
    #expect(try host.ledger.forgetSpent(endedBefore: oldest, limit: 10) == 0)
    try host.run(days: 32)
    let later = try #require(try host.ledger.endsToForget(after: 30))
    #expect(try host.ledger.forgetSpent(endedBefore: later, limit: 10) == 1)
  }

  /// The readings are few.
  @Test func readingsAreForgottenToo() throws {
    let host = try Host()
    try host.run(days: 100)
    let count = try host.ledger.database.statement("SELECT count(*) FROM age").first { row throws(LedgerError) in
      row.integer(0) ?? 0
    }
    #expect((700...730).contains(try #require(count)))
  }
}
