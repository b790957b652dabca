import AgentProtocol
import Synchronization

/// What the drill itself knows, beside the agent: what was asked and answered, what was done to whom, and what is wrong.
final class Book: Sendable {
  /// One job as its client knows it.
  struct Entry: Sendable {
    let kind: JobKind
    let number: Int
    var submitted = ContinuousClock.now
    /// Whether a submit was answered: from then on it may not be lost.
    var isAnswered = false
    /// The state that the client was told when it ended.
    var final: JobStatus?
    var isForgotten = false
    /// Faults that hit it: its shepherd was killed, or agentd could not have started or recorded it then.
    var hits: Set<Hit> = []
  }

  enum Hit: Sendable { case shepherdKilled, starved, supervisorKilled }

  private struct State {
    var entries: [JobID: Entry] = [:]
    var faults: [String: Int] = [:]
    var violations: [String] = []
    var refusals: [String: Int] = [:]
    /// Moments of faults that hit every job that was under way.
    var windows: [(hit: Hit, from: ContinuousClock.Instant, to: ContinuousClock.Instant)] = []
    var faultsAreOver = false
    var notes: [String] = []
  }

  private let state = Mutex(State())
  private let began = ContinuousClock.now

  func begin(_ id: JobID, _ kind: JobKind, _ number: Int) {
    state.withLock { $0.entries[id] = Entry(kind: kind, number: number) }
  }
  func change(_ id: JobID, _ body: (inout Entry) -> Void) {
    state.withLock { if $0.entries[id] != nil { body(&$0.entries[id]!) } }
  }
  func entry(_ id: JobID) -> Entry? { state.withLock { $0.entries[id] } }
  var entries: [JobID: Entry] { state.withLock { $0.entries } }

  func count(_ fault: String) { state.withLock { $0.faults[fault, default: 0] += 1 } }
  func refused(_ reason: String) { state.withLock { $0.refusals[reason, default: 0] += 1 } }
  func note(_ text: String) { state.withLock { $0.notes.append(text) } }
  func violation(_ text: String) { state.withLock { $0.violations.append(text) } }
  var violations: [String] { state.withLock { $0.violations } }

  func faultsAreOver() { state.withLock { $0.faultsAreOver = true } }
  var areFaultsOver: Bool { state.withLock { $0.faultsAreOver } }

  /// Something happened, or begins to happen, to every job that is under way.
  func window(_ hit: Hit, from: ContinuousClock.Instant, to: ContinuousClock.Instant) {
    state.withLock { $0.windows.append((hit, from, to)) }
  }

  /// What may have hit a job that was under way from then to now.
  func hits(since begun: ContinuousClock.Instant) -> Set<Hit> {
    let now = ContinuousClock.now
    return Set(state.withLock { $0.windows }.filter { $0.to >= begun && $0.from <= now }.map(\.hit))
  }

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
    for note in state.notes { print("note:     \(note)") }
    for violation in state.violations.prefix(40) { print("WRONG:    \(violation)") }
    print("verdict:  \(state.violations.isEmpty ? "sound" : "\(state.violations.count) WRONG")")
  }
}
