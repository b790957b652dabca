import AgentProtocol
import ConnectionSource
import NIOCore
import NIOEmbedded
import TestSupport
import Testing
import Values

@testable import Listener

/// Which connections are admitted.
struct AdmissionTests {
  private static func source(_ number: Int) throws -> Source {
    Source(try SocketAddress(ipAddress: "10.0.\(number / 256).\(number % 256)", port: 1))
  }

  private static func limits(_ change: (inout ListenerLimits) -> Void = { _ in }) -> ListenerLimits {
    var limits = ListenerLimits()
    (limits.connections, limits.connectionsPerSource, limits.unauthenticatedPerSource) = (20, 6, 4)
    limits.unauthenticated = EarlyDrop(start: 8, rate: 30, full: 10)
    change(&limits)
    return limits
  }

  private static func client(_ name: String) -> ClientKey {
    ClientKey(VerifiedClient(ClientIdentity(subject: "CN=\(name)", thumbprint: Thumbprint(repeating: "ab"))))
  }

  /// sshd_config(5), MaxStartups 10:30:100.
  @Test(arguments: [(0, 0), (9, 0), (10, 30), (55, 65), (99, 99), (100, 100), (1000, 100)])
  func earlyDropIsThatOfSSHD(present: Int, percent: Int) {
    let rule = EarlyDrop(start: 10, rate: 30, full: 100)
    #expect((0..<100).count { rule.drops(beside: present, roll: $0) } == percent)
  }

  @Test func aRuleOfOneNumber() {
    let rule = EarlyDrop(start: 5, rate: 100, full: 5)
    #expect(!rule.drops(beside: 4, roll: 0) && rule.drops(beside: 5, roll: 99))
  }

  @Test func strangersAreDroppedWithGrowingProbability() throws {
    var admission = Admission(Self.limits())
    for number in 0..<8 { _ = try admission.arrived(from: Self.source(number), roll: 0).get() }
    #expect(admission.arrived(from: try Self.source(8), roll: 29) == .failure(.tooManyUnauthenticated))
    _ = try admission.arrived(from: Self.source(8), roll: 30).get()
    _ = try admission.arrived(from: Self.source(9), roll: 99).get()
    #expect(admission.arrived(from: try Self.source(10), roll: 99) == .failure(.tooManyUnauthenticated))
  }

  /// However many strangers there are, a source that has authenticated once is admitted again.
  @Test func strangersKeepNoSchedulerOut() throws {
    var admission = Admission(Self.limits())
    let scheduler = try Self.source(1000)
    let first = try admission.arrived(from: scheduler, roll: 0).get()
    #expect(admission.proved(first, Self.client("a")) == nil)
    for number in 0..<10 { _ = try admission.arrived(from: Self.source(number), roll: 99).get() }
    #expect(admission.arrived(from: try Self.source(10), roll: 99) == .failure(.tooManyUnauthenticated))
    admission.left(scheduler, Self.client("a"))
    for _ in 0..<4 {
      let again = try admission.arrived(from: scheduler, roll: 0).get()
      #expect(admission.proved(again, Self.client("a")) == nil)
    }
  }

  @Test func oneSourceHasItsShare() throws {
    var admission = Admission(Self.limits())
    let source = try Self.source(1)
    let newcomers = try (0..<4).map { _ in try admission.arrived(from: source, roll: 99).get() }
    #expect(admission.arrived(from: source, roll: 99) == .failure(.tooManyUnauthenticatedOfSource))
    for newcomer in newcomers { #expect(admission.proved(newcomer, Self.client("a")) == nil) }
    let more = try (0..<2).map { _ in try admission.arrived(from: source, roll: 99).get() }
    #expect(admission.arrived(from: source, roll: 99) == .failure(.tooManyOfSource))
    _ = try admission.arrived(from: Self.source(2), roll: 99).get()
    admission.gaveUp(more[0])
    _ = try admission.arrived(from: source, roll: 99).get()
  }

  @Test func theTotalIsOfThoseWhoHaveProvenWhoTheyAre() throws {
    var admission = Admission(Self.limits { $0.connections = 2 })
    let newcomers = try (0..<3).map { try admission.arrived(from: Self.source($0), roll: 0).get() }
    #expect(zip(newcomers, ["a", "b", "a"]).map { admission.proved($0, Self.client($1)) } == [nil, nil, .tooMany])
    admission.gaveUp(newcomers[2])
    #expect(admission.arrived(from: try Self.source(3), roll: 0) == .failure(.tooMany))
    admission.left(newcomers[0].source, Self.client("a"))
    _ = try admission.arrived(from: Self.source(3), roll: 0).get()
    #expect(admission.authenticated == 1 && admission.unauthenticated == 1)
  }

  /// Each connection comes from another address, so no limit of an address helps.
  @Test func oneClientLeavesConnectionsToOthers() throws {
    var admission = Admission(Self.limits { $0.connections = 40 })
    var next = 0
    func connect(_ name: String) throws -> Admission.Refusal? {
      next += 1
      let newcomer = try admission.arrived(from: Self.source(next), roll: 99).get()
      let refusal = admission.proved(newcomer, Self.client(name))
      if refusal != nil { admission.gaveUp(newcomer) }
      return refusal
    }
    var held = 0
    while try connect("greedy") == nil { held += 1 }
    #expect(held == 35)
    #expect(try connect("greedy") == .tooManyOfClient)
    while try connect("second") == nil {}
    // Whoever has nothing gets one, up to the last.
    #expect(try connect("good") == nil)
    #expect(admission.authenticated == 40)
  }

  @Test func nothingIsKeptOfThoseWhoAreGone() throws {
    var admission = Admission(Self.limits())
    for number in 0..<10_000 {
      let newcomer = try admission.arrived(from: Self.source(number), roll: 0).get()
      if number % 2 == 0 {
        admission.gaveUp(newcomer)
      } else {
        _ = admission.proved(newcomer, Self.client("\(number)"))
        admission.left(newcomer.source, Self.client("\(number)"))
      }
    }
    #expect(admission.authenticated == 0 && admission.unauthenticated == 0 && admission.sourceCount == 0)
  }

  @Test func theOldestAcquaintanceIsForgotten() throws {
    var recent = RecentSources()
    for number in 0..<RecentSources.limit { recent.note(try Self.source(number)) }
    recent.note(try Self.source(0))
    recent.note(try Self.source(RecentSources.limit))
    let found = try [0, 1, 2, RecentSources.limit].map { recent.contains(try Self.source($0)) }
    #expect(found == [true, false, true, true])
  }

  @Test(arguments: [
    ("192.0.2.255", "192.0.2.255"), ("::ffff:192.0.2.1", "192.0.2.1"),
    ("2001:db8:0:1::1", "2001:db8:0:1::/64"), ("2001:db8:0:1:ffff::2", "2001:db8:0:1::/64"),
  ])
  func sources(address: String, shown: String) throws {
    #expect(Source(try SocketAddress(ipAddress: address, port: 5)).description == shown)
    #expect(
      Source(try SocketAddress(ipAddress: address, port: 5)) == Source(try SocketAddress(ipAddress: address, port: 6)))
  }

  @Test func dropsAreSummedUp() throws {
    let collected = CollectedLog()
    let loop = EmbeddedEventLoop()
    let log = DropLog(collected.logger)
    for _ in 0..<5000 { log.dropped(.tooManyUnauthenticated, "because", on: loop) }
    #expect(collected.lines == ["warning connections are dropped reason=because"])
    loop.advanceTime(by: .seconds(60))
    #expect(collected.lines.last == "warning 5000 connections were dropped in the last minute reason=because")
    loop.advanceTime(by: .seconds(600))
    #expect(collected.lines.count == 2)
    log.dropped(.tooManyUnauthenticated, "because", on: loop)
    #expect(collected.lines.count == 3)
  }
}
