import AgentProtocol
import Values

/// What is known of a job on many agents.
struct FleetProgress {
  /// The number of agents.
  let agents: Int
  private(set) var running: [String: RunningJob] = [:]
  /// The agents that cannot be reached at present.
  var unreachable: Set<String> = []
  var isCancelled = false
  /// Set when the output is no longer read.
  var closed: OutputClosed?
  private(set) var succeeded = 0
  /// The agents on which it did not succeed.
  private(set) var failed: [String] = []
  /// The agents on which the outcome is unknown.
  private(set) var unknown: [String] = []
  /// The agents on which it was not tried.
  private(set) var skipped: [String] = []
  private let began = ContinuousClock.now

  init(agents: Int) { self.agents = agents }

  /// Notes that the job begins on an agent.
  ///
  /// - Returns: why it must not; nil if it may.
  mutating func begin(_ agent: String, _ job: RunningJob, mostFailures: Int?) -> String? {
    if isCancelled { return "cancelled" }
    let failures = failed.count + unknown.count
    if let mostFailures, failures >= mostFailures { return "\(failures) failed before" }
    running[agent] = job
    return nil
  }

  mutating func end(_ agent: String, _ outcome: FleetRun.Outcome) {
    running[agent] = nil
    unreachable.remove(agent)
    switch outcome {
    case .ended(let status, _) where status.state == .succeeded: succeeded += 1
    case .ended: failed.append(agent)
    case .failed: unknown.append(agent)
    case .skipped: skipped.append(agent)
    case .outputClosed: break
    }
  }

  var counts: String {
    "\(succeeded) succeeded, \(failed.count) did not, \(unknown.count) without an answer"
      + (skipped.isEmpty ? "" : ", \(skipped.count) not started")
  }

  /// What happens now: counts, then the agents that are waited for.
  var line: String {
    let seconds = Double(began.duration(to: .now).components.seconds)
    let away = unreachable.intersection(running.keys)
    let busy = running.keys.filter { !away.contains($0) }.sorted()
    var parts = ["\(TimeSpan.short(seconds)): \(succeeded) done"]
    if !failed.isEmpty { parts.append("\(failed.count) failed") }
    if !unknown.isEmpty { parts.append("\(unknown.count) without an answer") }
    let waiting = agents - succeeded - failed.count - unknown.count - skipped.count - running.count
    if waiting > 0 { parts.append("\(waiting) to go") }
    if !away.isEmpty { parts.append("unreachable \(Self.list(away.sorted()))") }
    if !busy.isEmpty { parts.append("running \(Self.list(busy))") }
    return parts.joined(separator: ", ")
  }

  /// The names of the agents on which it did not succeed, in the form that -a takes.
  var names: [String] {
    [("failed on: ", failed), ("no answer from: ", unknown), ("not started on: ", skipped)].compactMap {
      title, agents in
      agents.isEmpty ? nil : title + agents.sorted().joined(separator: ",")
    }
  }

  private static func list(_ names: [String]) -> String {
    "\(names.count): \(names.prefix(20).joined(separator: " "))"
  }
}
