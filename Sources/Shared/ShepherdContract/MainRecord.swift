import Glibc

/// The job's main process, as recorded by its shepherd: for the supervisor, which must end the job if the shepherd is killed.
public struct MainRecord: Equatable, Sendable {
  /// The process ID.
  public let processID: pid_t
  /// The start time, in clock ticks since boot; proc(5). A later process with the same number has a later start time.
  public let startTime: UInt64

  /// The maximum size of a record, in bytes.
  public static let maximumBytes = 64

  public init(processID: pid_t, startTime: UInt64) {
    self.processID = processID
    self.startTime = startTime
  }

  /// The record as written: `PID START` and a newline, without which it is incomplete.
  public var encoded: [UInt8] { Array("\(processID) \(startTime)\n".utf8) }

  /// Decodes a record; returns `nil` if `bytes` are not one, or not a complete one.
  public init?(decoding bytes: [UInt8]) {
    guard bytes.count <= Self.maximumBytes, bytes.last == UInt8(ascii: "\n") else { return nil }
    let parts = bytes.dropLast().split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 2, let processID = pid_t(String(decoding: parts[0], as: UTF8.self)), processID > 0,
      let startTime = UInt64(String(decoding: parts[1], as: UTF8.self))
    else { return nil }
    self.init(processID: processID, startTime: startTime)
  }
}
