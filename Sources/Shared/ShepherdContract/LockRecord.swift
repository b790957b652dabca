import Glibc
import SystemCalls

/// What a shepherd writes into its lock file before it starts the job: who it is, and in which boot of the host.
public struct LockRecord: Equatable, Sendable {
  /// The shepherd's process number.
  public let processID: pid_t
  /// The kernel's boot id, which tells a restart of the host from a shepherd that was killed.
  public let bootID: String

  /// The most bytes of a record.
  public static let maximumBytes = 128

  public init(processID: pid_t, bootID: String) {
    self.processID = processID
    self.bootID = bootID
  }

  /// The boot id of the running host; empty if there is none to be read.
  public static func presentBootID() -> String {
    let bytes = (try? DurableFile.read("/proc/sys/kernel/random/boot_id", limit: 64)) ?? []
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// As it is written: `PID BOOTID` and a newline, without which a record is not whole.
  public var encoded: [UInt8] { Array("\(processID) \(bootID)\n".utf8) }

  /// Reads a record; `nil` if `bytes` are none, or not yet a whole one.
  public init?(decoding bytes: [UInt8]) {
    guard bytes.count <= Self.maximumBytes, bytes.last == UInt8(ascii: "\n") else { return nil }
    let parts = bytes.dropLast().split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 2, let bootID = String(validating: parts[1], as: UTF8.self),
      let processID = pid_t(String(decoding: parts[0], as: UTF8.self)), processID > 0
    else { return nil }
    self.init(processID: processID, bootID: bootID)
  }
}
