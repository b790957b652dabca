import AgentProtocol
import Synchronization

/// The drill's own record, independent of the agent: what was asked and answered, which faults were injected, and what is wrong.
final class Book: Sendable {
  /// A job as its client knows it.
  struct Entry: Sendable {
    let kind: JobKind
    let number: Int
    var submitted = ContinuousClock.now
    /// Whether a submit was answered: from then on the job must not be lost.
    var isAnswered = false
    /// The final status that the client was given.
    var final: JobStatus?
    var isForgotten = false
    /// The faults that hit it: its shepherd was killed, or agentd could not have started or recorded it at the time.
    var hits: Set<Hit> = []
  }

  /// A part of the drill in which the time of submits is measured.
  enum Measurement: String, Sendable {
    case alone = "without insiders"
    case besieged = "with insiders"
  }

  enum Hit: Sendable { case shepherdKilled, starved, supervisorKilled }

  private struct State {
    var entries: [JobID: Entry] = [:]
    var faults: [String: Int] = [:]
    var violations: [String] = []
    var refusals: [String: Int] = [:]
    /// The periods of faults that hit every job in progress.
    var windows: [(hit: Hit, from: ContinuousClock.Instant, to: ContinuousClock.Instant)] = []
    var notes: [String] = []
    /// The ids last used by good clients.
    var recent: [JobID] = []
    /// What insiders were answered.
    var insiders: [Insider: [String: Int]] = [:]
    var times: [Measurement: [Duration]] = [:]
    var turns: [Measurement: [Duration]] = [:]
  }

  private let state = Mutex(State())
  private let began = ContinuousClock.now

  func begin(_ id: JobID, _ kind: JobKind, _ number: Int) {
    state.withLock {
      $0.entries[id] = Entry(kind: kind, number: number)
      $0.recent = $0.recent.suffix(31) + [id]
    }
  }
  func change(_ id: JobID, _ body: (inout Entry) -> Void) {
    state.withLock { if $0.entries[id] != nil { body(&$0.entries[id]!) } }
  }
  func entry(_ id: JobID) -> Entry? { state.withLock { $0.entries[id] } }
  var entries: [JobID: Entry] { state.withLock { $0.entries } }

  /// One of the ids last used by good clients.
  var recent: JobID? { state.withLock { $0.recent.randomElement() } }

  func count(_ insider: Insider, _ answer: String) {
    state.withLock { $0.insiders[insider, default: [:]][answer, default: 0] += 1 }
  }
  func took(_ time: Duration, _ measurement: Measurement) {
    state.withLock { $0.times[measurement, default: []].append(time) }
  }

  func turned(_ time: Duration, _ measurement: Measurement) {
    state.withLock { $0.turns[measurement, default: []].append(time) }
  }

  func count(_ fault: String) { state.withLock { $0.faults[fault, default: 0] += 1 } }
  func refused(_ reason: String) { state.withLock { $0.refusals[reason, default: 0] += 1 } }
  func note(_ text: String) { state.withLock { $0.notes.append(text) } }
  func violation(_ text: String) { state.withLock { $0.violations.append(text) } }
  var violations: [String] { state.withLock { $0.violations } }

  /// Records that a fault hits every job in progress during this period.
  func window(_ hit: Hit, from: ContinuousClock.Instant, to: ContinuousClock.Instant) {
    state.withLock { $0.windows.append((hit, from, to)) }
  }

  /// Returns the faults that may have hit a job in progress from then to now.
  func hits(since begun: ContinuousClock.Instant) -> Set<Hit> {
    let now = ContinuousClock.now
    return Set(state.withLock { $0.windows }.filter { $0.to >= begun && $0.from <= now }.map(\.hit))
  }

  /// Notes how long submits took without and with insiders. With them, p95 may be twice that without, if there are enough of both.
  func judgeTimes() {
    let times = state.withLock { $0.times }.mapValues { $0.sorted() }
    let turns = state.withLock { $0.turns }.mapValues { $0.sorted() }
    guard let alone = times[.alone], let besieged = times[.besieged] else {
      return note("the time of submits was not measured in both parts")
    }
    func milliseconds(_ sorted: [Duration], _ percent: Int) -> Double {
      let time = sorted[min(sorted.count * percent / 100, sorted.count - 1)]
      return Double(time / .microseconds(1)) / 1000
    }
    func rounded(_ number: Double) -> Double { (number * 100).rounded() / 100 }
    for (name, sorted) in [(Measurement.alone, alone), (.besieged, besieged)] {
      note(
        "submits \(name.rawValue): p50 \(rounded(milliseconds(sorted, 50))) ms, "
          + "p95 \(rounded(milliseconds(sorted, 95))) ms, \(sorted.count) of them")
      guard let own = turns[name] else { continue }
      note(
        "the drill's own tasks \(name.rawValue): p50 \(rounded(milliseconds(own, 50))) ms, "
          + "p95 \(rounded(milliseconds(own, 95))) ms")
    }
    let ratio = milliseconds(besieged, 95) / milliseconds(alone, 95)
    note(
      "insiders make submits take longer by a factor of \(rounded(milliseconds(besieged, 50) / milliseconds(alone, 50))) "
        + "(p50), \(rounded(ratio)) (p95)")
    let fewest = min(alone.count, besieged.count)
    if fewest < Self.enoughTimes {
      note("only \(fewest) submits were measured, too few for a verdict on the factor")
    } else if ratio > Self.mostFactor {
      violation("insiders make p95 of submits longer by a factor of \(rounded(ratio))")
    }
  }

  private static let enoughTimes = 1000
  private static let mostFactor = 2.0

  func printSummary() {
    let state = state.withLock { $0 }
    let answered = state.entries.values.filter(\.isAnswered)
    func list(_ counts: [String: Int]) -> String {
      counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
    print("jobs:     \(answered.count) answered of \(state.entries.count) tried, in \(began.duration(to: .now))")
    print("kinds:    \(list(Dictionary(grouping: answered, by: \.kind.rawValue).mapValues(\.count)))")
    let finals = answered.compactMap { $0.final?.state.rawValue }
    print("ends:     \(list(Dictionary(grouping: finals, by: \.self).mapValues(\.count)))")
    print("faults:   \(list(state.faults))")
    if !state.refusals.isEmpty { print("refusals: \(list(state.refusals))") }
    for (insider, answers) in state.insiders.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      print("insider:  \(insider.rawValue): \(list(answers))")
    }
    for note in state.notes { print("note:     \(note)") }
    for violation in state.violations.prefix(40) { print("WRONG:    \(violation)") }
    print("verdict:  \(state.violations.isEmpty ? "sound" : "\(state.violations.count) WRONG")")
  }
}
