import Glibc

/// The result of the last reload of an agentd, in a file next to its pid file, for a process that requested one and waits.
public struct ReloadResult: Equatable, Sendable {
  /// When the reload read configuration and store, in nanoseconds of the clock of `now`. 0 for the start.
  public var begunAt: UInt64
  /// Why the old configuration stayed in use; nil if the reload succeeded.
  public var failure: String?

  /// Creates a result from its parts.
  public init(begunAt: UInt64, failure: String?) {
    self.begunAt = begunAt
    self.failure = failure
  }

  /// The time since the host booted, the same in all processes; CLOCK_BOOTTIME of clock_gettime(2), in nanoseconds.
  public static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Writes the result, readable only by its owner. It is not synchronised to disk, and a failure to write affects only those who wait.
  public func save(besides pidFile: String) {
    let line = (failure ?? "").prefix(2000).map { $0.isNewline ? " " : $0 }
    let text = "\(begunAt)\n\(failure == nil ? "complete" : "failed")\n\(String(line))\n"
    let file = try? FileDescriptor.open(
      Self.path(pidFile), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
    try? file?.writeAll(Array(text.utf8))
  }

  /// Reads the result; nil if there is none or it is incomplete.
  public static func load(besides pidFile: String) -> ReloadResult? {
    guard let bytes = try? DurableFile.read(path(pidFile), limit: 16384) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, let begunAt = UInt64(lines[0]) else { return nil }
    return ReloadResult(begunAt: begunAt, failure: lines[1] == "complete" ? nil : String(lines[2]))
  }

  private static func path(_ pidFile: String) -> String { "\(pidFile).reload" }
}
