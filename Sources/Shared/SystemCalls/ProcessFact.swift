import Glibc

/// What /proc/PID/stat says of a process; proc(5).
public struct ProcessFact: Sendable {
  /// The parent's number.
  public let parent: pid_t
  /// The process group.
  public let group: pid_t
  /// The session.
  public let session: pid_t
  /// When it started, in clock ticks since the boot.
  public let startTime: UInt64
  /// Whether it has ended and was not waited for.
  public let isZombie: Bool

  /// `nil` if the process does not exist.
  public init?(_ process: pid_t) {
    guard let bytes = try? DurableFile.read("/proc/\(process)/stat", limit: 4096),
      // The name before stands in parentheses and may itself hold some, and spaces.
      let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = bytes[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19, let parent = ProcessNumbers.parse(fields[1]), let group = ProcessNumbers.parse(fields[2]),
      let session = ProcessNumbers.parse(fields[3]), let start = UInt64(String(decoding: fields[19], as: UTF8.self))
    else { return nil }
    self.parent = parent
    self.group = group
    self.session = session
    startTime = start
    isZombie = fields[0].first == UInt8(ascii: "Z")
  }
}

/// Process numbers as digits.
public enum ProcessNumbers {
  /// `nil` unless `digits` are a number above or equal to 0.
  public static func parse(_ digits: some Collection<UInt8>) -> pid_t? {
    digits.isEmpty ? nil : pid_t(String(decoding: digits, as: UTF8.self))
  }
}
