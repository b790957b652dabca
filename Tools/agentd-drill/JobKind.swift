import AgentProtocol

/// The jobs of the load. Each leaves a mark: it appends a line to its own file when it runs.
enum JobKind: String, CaseIterable, Sendable {
  case quick, long, forking, heavy, failing, slow, cancelled, missing, reading

  /// The number of lines in a heavy job's output.
  private static let heavyLines = 20_000

  /// Returns the request for a job of this kind.
  ///
  /// - Parameter number: what differs from job to job.
  func request(_ id: JobID, number: Int, marks: String) -> JobRequest {
    guard self != .missing else { return finished(JobRequest(command: ["/nonexistent/program"]), id) }
    let script = "echo ran >> \(marks)/\(id); \(body(number))"
    var request = JobRequest(command: ["/bin/sh", "-c", script])
    request.killGrace = 0.5
    if self == .slow { request.timeout = 0.4 }
    if self == .reading { request.stdin = Self.input(number) }
    return finished(request, id)
  }

  private func finished(_ request: JobRequest, _ id: JobID) -> JobRequest {
    var request = request
    request.directory = "/"
    request.environment = [DrillHost.marker: id.description]
    request.labels = ["kind": rawValue]
    return request
  }

  private func body(_ number: Int) -> String {
    switch self {
    case .quick: "echo out \(number)"
    case .long: "echo before; sleep \(Double(number % 30) / 10); echo after \(number)"
    case .forking:
      "(trap '' TERM HUP; setsid sleep 300) & (sleep 300 &) ; echo parent \(number)"
    case .heavy: "seq \(Self.heavyLines)"
    case .failing: "echo failing; exit \(1 + number % 255)"
    case .slow, .cancelled: "echo begun; trap '' TERM; sleep 300; sleep 300"
    case .reading: "cat"
    case .missing: ""
    }
  }

  private static func input(_ number: Int) -> String {
    (0...number % 2000).map { "\($0) \u{e9}\n" }.joined()
  }

  /// Returns the complete output of an undisturbed job.
  func output(_ number: Int) -> String {
    switch self {
    case .quick: "out \(number)\n"
    case .long: "before\nafter \(number)\n"
    case .forking: "parent \(number)\n"
    case .heavy: (1...Self.heavyLines).map { "\($0)\n" }.joined()
    case .failing: "failing\n"
    case .slow, .cancelled: "begun\n"
    case .reading: Self.input(number)
    case .missing: ""
    }
  }

  /// The final state of an undisturbed job.
  var state: JobState {
    switch self {
    case .quick, .long, .forking, .heavy, .reading: .succeeded
    case .failing: .failed
    case .slow: .timedOut
    case .cancelled: .cancelled
    case .missing: .couldNotStart
    }
  }
}
