import Glibc
import SystemCalls

/// The job's main process and the pipes of its output, as recorded by its shepherd: for the supervisor, which must end the job if the
/// shepherd is killed.
public struct MainRecord: Equatable, Sendable {
  /// The process ID.
  public let processID: pid_t
  /// The start time, in clock ticks since boot; proc(5). A later process with the same number has a later start time.
  public let startTime: UInt64
  /// The pipes that the job writes to; none in records of earlier versions.
  public let pipes: [FileIdentity]

  /// The maximum size of a record, in bytes.
  public static let maximumBytes = 160

  public init(processID: pid_t, startTime: UInt64, pipes: [FileIdentity] = []) {
    self.processID = processID
    self.startTime = startTime
    self.pipes = pipes
  }

  /// The record as written: `PID START`, for each pipe ` DEVICE INODE`, and a newline, without which it is incomplete.
  public var encoded: [UInt8] {
    let numbers = [UInt64(processID), startTime] + pipes.flatMap { [$0.device, $0.number] }
    return Array("\(numbers.map(String.init).joined(separator: " "))\n".utf8)
  }

  /// Decodes a record; returns `nil` if `bytes` are not one, or not a complete one.
  public init?(decoding bytes: [UInt8]) {
    guard bytes.count <= Self.maximumBytes, bytes.last == UInt8(ascii: "\n") else { return nil }
    let parts = bytes.dropLast().split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    let numbers = parts.compactMap { UInt64(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == parts.count, numbers.count >= 2, numbers.count % 2 == 0,
      let processID = pid_t(exactly: numbers[0]), processID > 0
    else { return nil }
    self.init(
      processID: processID, startTime: numbers[1],
      pipes: stride(from: 2, to: numbers.count, by: 2).map {
        FileIdentity(device: numbers[$0], number: numbers[$0 + 1])
      })
  }
}
