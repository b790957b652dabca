import Values
import Wording

/// A job's change to another state, as sent by `GET /v1/events`.
public struct StateChange: Codable, Equatable, Sendable {
  /// The job.
  public var id: JobID
  /// The new state.
  public var state: JobState
  /// When it changed.
  public var at: Timestamp
  /// The exit code, if the job exited.
  public var exitCode: Int32?
  /// The signal's name, if a signal ended the job.
  public var signal: String?

  /// Creates the change that led to `status`.
  ///
  /// - Parameter state: the new state.
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

  /// Encodes every key; unknown values are null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(state, forKey: .state)
    try container.encode(at, forKey: .at)
    try container.encode(exitCode, forKey: .exitCode)
    try container.encode(signal, forKey: .signal)
  }
}

/// A position in the event stream: after the event with that number. Written as `EPOCH-NUMBER`.
public struct EventPosition: Hashable, Sendable, CustomStringConvertible {
  /// The epoch, different for each run of agentd.
  public let epoch: UInt64
  /// The number of events of that run before this position.
  public var number: UInt64

  public init(epoch: UInt64, number: UInt64) {
    self.epoch = epoch
    self.number = number
  }

  /// Parses `EPOCH-NUMBER`, in decimal digits.
  ///
  /// - Returns: `nil` for anything else.
  public init?(_ text: String) {
    let parts = text.parts(at: "-")
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let epoch = UInt64(parts[0]), let number = UInt64(parts[1])
    else { return nil }
    self.init(epoch: epoch, number: number)
  }

  /// `EPOCH-NUMBER`.
  public var description: String { "\(epoch)-\(number)" }
}

extension EventPosition: CodedAsText {
  /// Returns the message for a `DecodingError`.
  public static func fault(of text: String) -> String { "not a position in the stream of events" }
}
