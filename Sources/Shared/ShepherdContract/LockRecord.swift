import Glibc
import SystemCalls

/// The identity of a shepherd, and the boot of the host, which it writes to its lock file before it starts the job.
public struct LockRecord: Equatable, Sendable {
  /// The shepherd's process ID.
  public let processID: pid_t
  /// The kernel's boot ID, which distinguishes a restart of the host from a killed shepherd.
  public let bootID: String

  /// The maximum size of a record, in bytes.
  public static let maximumBytes = 128

  public init(processID: pid_t, bootID: String) {
    self.processID = processID
    self.bootID = bootID
  }

  /// Returns the boot ID of the running host; empty if it cannot be read.
  public static func presentBootID() -> String {
    let bytes = (try? DurableFile.read("/proc/sys/kernel/random/boot_id", limit: 64)) ?? []
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// The record as written: `PID BOOTID` and a newline, without which it is incomplete.
  public var encoded: [UInt8] { Array("\(processID) \(bootID)\n".utf8) }

  /// Decodes a record; returns `nil` if `bytes` are not one, or not yet a complete one.
  public init?(decoding bytes: [UInt8]) {
    guard bytes.count <= Self.maximumBytes, bytes.last == UInt8(ascii: "\n") else { return nil }
    let parts = bytes.dropLast().split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 2, let bootID = String(validating: parts[1], as: UTF8.self),
      let processID = pid_t(String(decoding: parts[0], as: UTF8.self)), processID > 0
    else { return nil }
    self.init(processID: processID, bootID: bootID)
  }
}
