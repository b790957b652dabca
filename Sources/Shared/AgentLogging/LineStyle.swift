import Glibc
import SystemCalls

/// How a line begins.
public enum LineStyle: Equatable, Sendable {
  /// Time in UTC and level, for terminals and files.
  case timed
  /// `<6>` and no time, which the journal adds itself; sd-daemon(3).
  case journal
  /// As syslog(3) sends it, from the security facility; the time is the receiver's. No newline at the end.
  case syslog

  /// The style for descriptor 2: `.journal` if `$JOURNAL_STREAM` (systemd.exec(5)) names the file behind it.
  public static func forStandardError() -> LineStyle {
    guard let stream = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return .timed }
    return LineStyle(journalStream: stream, descriptor: 2)
  }

  /// `.journal` if `journalStream`, `DEVICE:INODE` in decimal, is the file behind `descriptor`.
  init(journalStream: String, descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      self = .timed
      return
    }
    self = journalStream == "\(status.st_dev):\(status.st_ino)" ? .journal : .timed
  }
}
