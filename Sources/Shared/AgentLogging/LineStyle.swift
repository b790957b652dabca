import Glibc
import SystemCalls

/// How a line begins.
public enum LineStyle: Equatable, Sendable {
  /// The time in UTC and the level, for terminals and files.
  case timed
  /// `<6>` without a time, which the journal adds; sd-daemon(3).
  case journal
  /// The format of syslog(3), facility authpriv; the receiver adds the time. No newline at the end.
  case syslog

  /// Returns the style for descriptor 2: `.journal` if `$JOURNAL_STREAM` (systemd.exec(5)) names the file that it refers to.
  public static func forStandardError() -> LineStyle {
    guard let stream = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return .timed }
    return LineStyle(journalStream: stream, descriptor: 2)
  }

  /// Creates `.journal` if `journalStream`, `DEVICE:INODE` in decimal, is the file that `descriptor` refers to.
  init(journalStream: String, descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      self = .timed
      return
    }
    self = journalStream == "\(status.st_dev):\(status.st_ino)" ? .journal : .timed
  }
}
