import AgentProtocol
import Values
import Wording

extension JobStatus {
  /// What the state alone does not tell, in parentheses.
  var outcome: String {
    if let signal { return "(\(signal))" }
    if let exitCode, exitCode != 0 { return "(\(exitCode))" }
    return ""
  }

  /// State and reason in one phrase, without saying the same twice.
  var howItEnded: String {
    let state = state.rawValue + outcome
    guard let reason, !reason.isEmpty else { return state }
    let words = self.state.rawValue.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: " ") : $0 }
    return reason.utf8.starts(with: words) ? reason : "\(state): \(reason)"
  }

  /// One line about an end that the exit code alone does not explain; nil for any other.
  var unusualEnd: String? { reason == nil ? nil : howItEnded }

  /// The program and its arguments as a shell would read them.
  var commandLine: String { command.map(shellWord).joined(separator: " ") }

  /// What it does, or how it ended, in a sentence.
  var sentence: String {
    state.isFinal ? "\(id) has ended: \(howItEnded)" : "\(id) is \(state.rawValue)\(reason.map { ": \($0)" } ?? "")"
  }

  /// How long it runs, or ran, in seconds; nil if it did not start.
  func runTime(_ now: Timestamp) -> Double? { startedAt.map { Self.seconds(from: $0, to: finishedAt ?? now) } }

  private static func seconds(from start: Timestamp, to end: Timestamp) -> Double {
    max(0, Double(end.milliseconds - start.milliseconds) / 1000)
  }

  /// A row of the list of jobs.
  func cells(_ now: Timestamp) -> [String] {
    [
      "\(id)", state.rawValue + outcome, TimeSpan.short(Self.seconds(from: submittedAt, to: now)),
      runTime(now).map(TimeSpan.short) ?? "-", user, commandLine,
    ]
  }

  static let titles = ["ID", "STATE", "AGE", "TIME", "USER", "COMMAND"]

  /// The colour of its state in a list.
  var colour: Colour? {
    switch state {
    case .succeeded: .green
    case .accepted, .queued, .running: .yellow
    case .failed, .killed, .timedOut, .outputLimit, .couldNotStart, .interrupted: .red
    case .cancelled: nil
    }
  }

  /// All facts, a line each, for a person.
  func lines(_ now: Timestamp) -> [String] {
    let age = "\(submittedAt.short), \(TimeSpan.short(Self.seconds(from: submittedAt, to: now))) ago"
    let facts: [(String, String?)] = [
      ("id", "\(id)"), ("state", state.rawValue + outcome), ("reason", reason), ("command", commandLine),
      ("user", user), ("client", client.subject), ("submitted", age), ("started", startedAt?.short),
      ("ended", finishedAt?.short), ("run time", runTime(now).map { "\(($0 * 1000).rounded() / 1000) s" }),
      ("CPU time", cpuSeconds.map { "\($0) s" }), ("peak memory", peakMemoryBytes.map { "\($0) bytes" }),
      ("output", outputBytes.map { counted($0, "byte") }), ("stderr", stderrBytes.map { counted($0, "byte") }),
      ("dropped", outputBytesDropped.flatMap { $0 > 0 ? "\(counted($0, "byte")) of output" : nil }),
      ("disk", diskWasFull == true ? "was full: its output may be incomplete" : nil),
      ("killed", killed.flatMap { $0 > 0 ? "\($0) of its processes" : nil }),
      ("left", left.flatMap { $0 > 0 ? "\($0) of its processes" : nil }), ("pool", pool),
      ("trace", traceparent), ("trace state", tracestate),
      (
        "labels",
        labels.isEmpty
          ? nil
          : labels.sorted { ExactText($0.key) < ExactText($1.key) }.map { shellWord("\($0.key)=\($0.value)") }
            .joined(separator: " ")
      ),
    ]
    return facts.compactMap { name, value in
      value.map { name + String(repeating: " ", count: 13 - name.count) + printable($0) }
    }
  }
}
