import Values

/// A job has come to another state: what `GET /v1/events` tells.
public struct StateChange: Codable, Equatable, Sendable {
  /// The job.
  public var id: JobID
  /// The state that it has come to.
  public var state: JobState
  /// When.
  public var at: Timestamp
  /// The exit code of a job that exited.
  public var exitCode: Int32?
  /// The signal's name of a job that a signal ended.
  public var signal: String?

  /// The change that led to `status`.
  ///
  /// - Parameter state: the state that it has come to.
  public init(_ status: JobStatus, to state: JobState) {
    id = status.id
    self.state = state
    at = (state.isFinal ? status.finishedAt : state == .running ? status.startedAt : nil) ?? status.submittedAt
    exitCode = status.exitCode
    signal = status.signal
  }

  enum CodingKeys: String, CodingKey {
    case id, state, at
    case exitCode = "exit_code"
    case signal
  }

  /// Writes every key; what is not known is null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(state, forKey: .state)
    try container.encode(at, forKey: .at)
    try container.encode(exitCode, forKey: .exitCode)
    try container.encode(signal, forKey: .signal)
  }
}

/// A place in the sequence of events: behind the event of that number. Written `EPOCH-NUMBER`.
public struct EventPosition: Hashable, Sendable, CustomStringConvertible {
  /// Of one run of agentd; another run has another.
  public let epoch: UInt64
  /// The number of events of that run before this place.
  public var number: UInt64

  public init(epoch: UInt64, number: UInt64) {
    self.epoch = epoch
    self.number = number
  }

  /// Reads `EPOCH-NUMBER`, in decimal digits.
  ///
  /// - Returns: `nil` for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let epoch = UInt64(parts[0]), let number = UInt64(parts[1])
    else { return nil }
    self.init(epoch: epoch, number: number)
  }

  /// `EPOCH-NUMBER`.
  public var description: String { "\(epoch)-\(number)" }
}

extension EventPosition: CodedAsText {
  /// For `DecodingError`.
  public static func fault(of text: String) -> String { "not a position in the stream of events" }
}
