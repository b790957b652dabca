import NIOCore
import NIOEmbedded
import Synchronization
import TestCertificates
import TestSupport
import Testing
import Values

@testable import Listener

/// The log reports expiry at start, again each day for as long as the listener runs, and immediately when it becomes relevant.
struct ExpiryIsSaidEveryDay {
  /// A host whose clock the test controls.
  private final class Stage {
    let loop = EmbeddedEventLoop()
    let log = CollectedLog()
    let watch: ExpiryWatch
    private let clock: Clock

    let published = Published()

    /// The warnings published to those who ask.
    final class Published: Sendable {
      let all = Mutex<[[String]]>([])
      var last: [String]? { all.withLock(\.last) }
    }

    private final class Clock: Sendable {
      let seconds: Mutex<Int64>
      init(_ seconds: Int64) { self.seconds = Mutex(seconds) }
    }

    init(_ items: [DatedMaterial.Item], at start: Int64) {
      var material = DatedMaterial()
      material.items = items
      let clock = Clock(start)
      self.clock = clock
      let published = published
      watch = ExpiryWatch(
        material, log.logger, now: { Timestamp(milliseconds: clock.seconds.withLock { $0 } * 1000) },
        publish: { texts in published.all.withLock { $0.append(texts) } })
      watch.look()
      watch.start(on: loop)
    }

    /// Lets time pass, in steps that a timer of ten minutes notices.
    func pass(hours: Int64) {
      for _ in 0..<(hours * 6) {
        clock.seconds.withLock { $0 += 600 }
        loop.advanceTime(by: .minutes(10))
      }
    }

    /// Sets the host's clock without letting time pass.
    func setClock(by seconds: Int64) { clock.seconds.withLock { $0 += seconds } }
  }

  private static let day: Int64 = 86400
  private static let start: Int64 = 1_800_000_000

  private static func item(_ kind: DatedMaterial.Kind, endsIn seconds: Int64, lifetime: Int64 = 365 * day)
    -> DatedMaterial.Item
  {
    .init(
      kind: kind, subject: "CN=\(kind)", thumbprint: Thumbprint(repeating: "ab"), begin: start + seconds - lifetime,
      end: start + seconds)
  }

  @Test func aCertificateIsWarnedOfFromThirtyDaysOnOnceADay() {
    let stage = Stage([Self.item(.listener, endsIn: 31 * Self.day + 60)], at: Self.start)
    stage.pass(hours: 23)
    #expect(stage.log.lines.isEmpty)
    stage.pass(hours: 2)
    #expect(
      stage.log.lines == [
        "warning the listener certificate CN=listener expires in 29 days (2027-02-15T08:01:00.000Z): import its successor with agent-register -I FILE, then agent-register -L -t THUMBPRINT"
      ])
    stage.pass(hours: 23)
    #expect(stage.log.lines.count == 1)
    stage.pass(hours: 1)
    #expect(stage.log.lines.count == 2)
    #expect(stage.log.lines.last?.contains("expires in 28 days") == true)
    stage.pass(hours: 24 * 10)
    #expect(stage.log.lines.count == 12)
  }

  @Test func thatItHasExpiredIsNewsAtOnce() {
    let stage = Stage([Self.item(.root, endsIn: 3600)], at: Self.start)
    #expect(stage.log.lines.count == 1)
    stage.pass(hours: 2)
    #expect(stage.log.lines.count == 2)
    #expect(stage.log.lines.last?.contains("the root CN=root expired 10 minutes ago") == true, "\(stage.log.lines)")
    #expect(stage.log.lines.last?.contains("its clients are refused: import its successor") == true)
  }

  @Test func aListIsWarnedOfInTheLastThirdOfItsTime() {
    let material = [
      Self.item(.revocationList, endsIn: 3 * 3600 - 60, lifetime: 6 * 3600),
      Self.item(.revocationList, endsIn: 11 * Self.day + 60, lifetime: 30 * Self.day),
    ]
    let stage = Stage(material, at: Self.start)
    #expect(stage.log.lines.isEmpty)
    stage.pass(hours: 1)
    #expect(stage.log.lines.count == 1)
    #expect(stage.log.lines[0].contains("the revocation list of CN=revocationList is due in"))
    stage.pass(hours: 24)
    // The first list has expired by now, the second has a third of its time left.
    #expect(stage.log.lines.count == 3, "\(stage.log.lines)")
    #expect(stage.log.lines[1].contains(" expired at "))
    #expect(stage.log.lines[2].contains("is due in 9 days"))
  }

  /// agentd renews it in nine days; what remains after that is eighteen days.
  @Test func aRenewalIsWarnedOfOnlyIfItFails() {
    var material = DatedMaterial()
    material.items = [Self.item(.listener, endsIn: 27 * Self.day)]
    material.renewAt = Self.start + 9 * Self.day
    #expect(material.warnings(at: Self.start + 13 * Self.day).isEmpty)
    let text = material.warnings(at: Self.start + 14 * Self.day).map(\.text)
    #expect(text.count == 1 && text[0].contains("CN=listener expires in 13 days"))
    #expect(
      text[0].hasSuffix(
        "its renewal is due since 2027-01-24T08:00:00.000Z and has not succeeded: agent-register --renew says why"))
    let over = material.warnings(at: Self.start + 28 * Self.day).map(\.text)
    #expect(over.count == 1 && over[0].contains("agent-register --renew"))
    material.items = [Self.item(.root, endsIn: 27 * Self.day)]
    #expect(material.warnings(at: Self.start).map(\.text).first?.contains("import its successor") == true)
  }

  @Test func aClockThatIsSetBackSilencesNothing() {
    let stage = Stage([Self.item(.listener, endsIn: 20 * Self.day)], at: Self.start)
    stage.setClock(by: -5 * Self.day)
    stage.pass(hours: 1)
    #expect(stage.log.lines.count == 2)
  }

  @Test func whoIsReplacedSaysNothingAnyMore() {
    let stage = Stage([Self.item(.listener, endsIn: 20 * Self.day)], at: Self.start)
    stage.watch.stop()
    stage.pass(hours: 48)
    #expect(stage.log.lines.count == 1)
  }

  @Test func whatIsPublishedIsWhatHoldsNow() {
    let stage = Stage([Self.item(.listener, endsIn: 30 * Self.day + 3600)], at: Self.start)
    #expect(stage.published.last == [])
    stage.pass(hours: 2)
    #expect(stage.published.last?.count == 1)
  }
}
