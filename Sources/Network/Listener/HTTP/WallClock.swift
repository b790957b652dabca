import Glibc

/// The host's clock in the two formats that answers need, each formatted once per second or millisecond. One per event loop.
struct WallClock {
  private var second = time_t.min
  private var milliseconds = 0
  private var date = ""
  private var timestampSecond = ""
  private var timestampMilliseconds = -1
  private var lastTimestamp = ""

  /// For the `Date` field, for example `Sun, 06 Nov 1994 08:49:37 GMT`; RFC 9110 section 5.6.7.
  mutating func httpDate() -> String {
    look()
    return date
  }

  /// For JSON, for example `2026-11-23T18:38:28.123Z`; RFC 3339.
  mutating func timestamp() -> String {
    look()
    if milliseconds != timestampMilliseconds {
      timestampMilliseconds = milliseconds
      lastTimestamp = "\(timestampSecond).\(String(1000 + milliseconds).dropFirst())Z"
    }
    return lastTimestamp
  }

  private mutating func look() {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    milliseconds = now.tv_nsec / 1_000_000
    if now.tv_sec == second { return }
    second = now.tv_sec
    timestampMilliseconds = -1
    var parts = tm()
    gmtime_r(&now.tv_sec, &parts)
    date = Self.httpDate(parts)
    timestampSecond =
      "\(parts.tm_year + 1900)-\(Self.two(parts.tm_mon + 1))-\(Self.two(parts.tm_mday))T\(Self.time(parts))"
  }

  private static func httpDate(_ parts: tm) -> String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let day = "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)])"
    return "\(day) \(parts.tm_year + 1900) \(time(parts)) GMT"
  }

  private static func time(_ parts: tm) -> String { "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))" }

  private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
