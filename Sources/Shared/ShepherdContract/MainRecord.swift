import Glibc

/// The job's main process, as its shepherd notes it: for the supervisor that has to end the job in place of a killed shepherd.
public struct MainRecord: Equatable, Sendable {
  /// The process's number.
  public let processID: pid_t
  /// When it started, in clock ticks since the boot; proc(5). A later process of the same number started later.
  public let startTime: UInt64

  /// The most bytes of a record.
  public static let maximumBytes = 64

  public init(processID: pid_t, startTime: UInt64) {
    self.processID = processID
    self.startTime = startTime
  }

  /// As it is written: `PID START` and a newline, without which a record is not whole.
  public var encoded: [UInt8] { Array("\(processID) \(startTime)\n".utf8) }

  /// Reads a record; `nil` if `bytes` are none, or not a whole one.
  public init?(decoding bytes: [UInt8]) {
    guard bytes.count <= Self.maximumBytes, bytes.last == UInt8(ascii: "\n") else { return nil }
    let parts = bytes.dropLast().split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 2, let processID = pid_t(String(decoding: parts[0], as: UTF8.self)), processID > 0,
      let startTime = UInt64(String(decoding: parts[1], as: UTF8.self))
    else { return nil }
    self.init(processID: processID, startTime: startTime)
  }
}
