import Glibc

/// The contents of /proc/PID/stat for a process; proc(5).
public struct ProcessFact: Sendable {
  /// PF_EXITING of the kernel's flags, since Linux 2.6.
  private static let exitingFlag: UInt64 = 0x4

  /// The parent's process ID.
  public let parent: pid_t
  /// The process group ID.
  public let group: pid_t
  /// The session ID.
  public let session: pid_t
  /// The start time, in clock ticks since boot.
  public let startTime: UInt64
  /// Whether the process has ended but has not been waited for. One whose first thread alone has ended is shown as a zombie, and runs on.
  public let isZombie: Bool
  /// Whether the process is about to end: it runs no code of its program any more.
  public let isExiting: Bool

  /// Reads the facts; returns `nil` if the process does not exist.
  public init?(_ process: pid_t) {
    guard let bytes = try? DurableFile.read("/proc/\(process)/stat", limit: 4096),
      // The name before it is in parentheses and may itself contain parentheses and spaces.
      let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = bytes[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19, let parent = ProcessNumbers.parse(fields[1]), let group = ProcessNumbers.parse(fields[2]),
      let session = ProcessNumbers.parse(fields[3]), let start = UInt64(String(decoding: fields[19], as: UTF8.self)),
      let flags = UInt64(String(decoding: fields[6], as: UTF8.self))
    else { return nil }
    self.parent = parent
    self.group = group
    self.session = session
    startTime = start
    let hasOtherThreads = fields[17] != [UInt8(ascii: "1")] && fields[17] != [UInt8(ascii: "0")]
    isZombie = fields[0].first == UInt8(ascii: "Z") && !hasOtherThreads
    isExiting = (flags & Self.exitingFlag != 0 || isZombie) && !hasOtherThreads
  }
}

/// Process IDs as text.
public enum ProcessNumbers {
  /// Parses a decimal number; returns `nil` if `digits` are not one.
  public static func parse(_ digits: some Collection<UInt8>) -> pid_t? {
    digits.isEmpty ? nil : pid_t(String(decoding: digits, as: UTF8.self))
  }
}
