import Glibc
import Wording

/// Times in messages.
public enum TimeText {
  /// `2026-11-20T08:00:00Z`.
  static func moment(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&time, &parts) != nil else { return "\(seconds) s since the epoch" }
    let numbers = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
    let text = numbers.map { $0 < 10 && $0 >= 0 ? "0\($0)" : "\($0)" }
    return "\(text[0])-\(text[1])-\(text[2])T\(text[3]):\(text[4]):\(text[5])Z"
  }

  /// `3 days`, `1 hour`: the largest unit that is there at least once.
  public static func span(_ seconds: Int64) -> String {
    let units: [(length: Int64, name: String)] = [(86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
    let unit = units.first { seconds >= $0.length } ?? (1, "second")
    return counted(seconds / unit.length, unit.name)
  }
}
