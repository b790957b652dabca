import Glibc

/// The field Retry-After of HTTP (RFC 9110 section 10.2.3): seconds, or a date.
enum RetryAfter {
  /// The wait if a server names none that can be read, in seconds.
  private static let usual = 10
  /// The longest wait that is believed: a week.
  private static let longest = 7 * 86400

  /// Returns how many seconds to wait, at least one and at most a week.
  ///
  /// - Parameter now: seconds since the epoch.
  static func seconds(_ value: String?, now: Int64) -> Int {
    guard let value else { return usual }
    if let seconds = Int(value) { return min(max(1, seconds), longest) }
    guard let time = time(value) else { return usual }
    return Int(min(max(1, time - now), Int64(longest)))
  }

  /// Returns a date such as `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since the epoch; `nil` for any other text.
  private static func time(_ text: String) -> Int64? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), let month = months.firstIndex(of: words[2]),
      let year = Int32(words[3]), (1970...9999).contains(year)
    else { return nil }
    let clock = words[4].split(separator: ":").compactMap { Int32($0) }
    guard clock.count == 3 else { return nil }
    var broken = tm()
    (broken.tm_year, broken.tm_mon, broken.tm_mday) = (year - 1900, Int32(month), day)
    (broken.tm_hour, broken.tm_min, broken.tm_sec) = (clock[0], clock[1], clock[2])
    return Int64(timegm(&broken))
  }

  private static let months: [Substring] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Waits.
  static func pause(_ seconds: Int) {
    let end = clock() + UInt64(seconds) * 1000
    while case let now = clock(), now < end { poll(nil, 0, Int32(end - now)) }
  }

  /// Milliseconds of a clock that nobody sets.
  private static func clock() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }
}
