import Glibc
import SystemCalls

/// What the kernel logs about processes that it kills.
enum KernelLog {
  /// Returns whether the kernel killed `process` for lack of memory after `moment` (`Clock.monotonic`).
  ///
  /// False if the log cannot be read or has no such message.
  static func killedForMemory(_ process: pid_t, since moment: UInt64) -> Bool {
    guard let log = try? FileDescriptor.open("/dev/kmsg", O_RDONLY | O_NONBLOCK) else { return false }
    var record = [UInt8](repeating: 0, count: 8192)
    while true {
      let count = read(log.raw, &record, record.count)
      if count > 0 {
        if isKill(of: process, since: moment, record[..<count]) { return true }
      } else if errno != EPIPE, errno != EINTR {
        // EAGAIN is the end. EPIPE means that records were overwritten before they could be read.
        return false
      }
    }
  }

  /// Returns whether a record reports that the kernel killed `process` after `moment`.
  ///
  /// Records are `PRIORITY,NUMBER,MICROSECONDS,FLAGS;MESSAGE` with a message such as `Out of memory: Killed process 4711 (name) ...`; see
  /// dev-kmsg in the kernel's documentation.
  static func isKill(of process: pid_t, since moment: UInt64, _ record: ArraySlice<UInt8>) -> Bool {
    let text = String(decoding: record, as: UTF8.self)
    let head = text.prefix { $0 != ";" }.split(separator: ",")
    // Unlike the monotonic clock, the log's clock is not adjusted: they drift apart by some seconds a year.
    guard head.count >= 3, let time = UInt64(head[2]), time / 1000 + 60_000 >= moment else { return false }
    return contains(text.utf8, "ut of memory: Killed process \(process) (".utf8)
  }

  private static func contains(_ text: String.UTF8View, _ part: String.UTF8View) -> Bool {
    var rest = text[...]
    while rest.count >= part.count {
      if rest.starts(with: part) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
