import Glibc

/// A time in milliseconds since 1970-01-01T00:00:00Z; in JSON an RFC 3339 string in UTC.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// The number of milliseconds since the epoch.
  public let milliseconds: Int64

  /// Creates a time from milliseconds since the epoch.
  public init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// Creates a time from seconds since the epoch, as in certificates. Times before year 1 or after 9999 are clamped.
  public init(seconds: Int64) {
    milliseconds = min(max(seconds, -62_135_596_800), 253_402_300_799) * 1000
  }

  /// The number of whole seconds since the epoch, rounded down.
  public var seconds: Int64 { milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0) }

  /// Returns the current time of the host's clock.
  public static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Returns whether `left` is earlier than `right`.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

extension Timestamp {
  /// The number of seconds in a day.
  public static let secondsPerDay: Int64 = 86_400

  /// Returns the time that is `duration` later, to the millisecond.
  public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: moment.milliseconds + Int64(duration / .milliseconds(1)))
  }

  /// Returns the duration from `earlier` to `later`; negative if `later` is the earlier one.
  public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .milliseconds(later.milliseconds) - .milliseconds(earlier.milliseconds)
  }

  /// Parses an RFC 3339 time; a date, which means its first second in UTC; or a span such as `30d`, which means so long after now.
  /// Returns `nil` if `text` is none of them.
  public static func momentOrDate(_ text: String) -> Timestamp? {
    if let moment = Timestamp(text) ?? Timestamp("\(text)T00:00:00Z") { return moment }
    // A number alone may be meant as a year.
    guard let span = TimeSpan(text), Double(text) == nil, span.seconds <= longestSpan else { return nil }
    return Timestamp(milliseconds: now().milliseconds + Int64(span.seconds * 1000))
  }

  /// A thousand years, in seconds.
  private static let longestSpan = 31_557_600_000.0
}

extension Timestamp: CodedAsText {
  /// Returns the message for a `DecodingError`.
  public static func fault(of text: String) -> String { "not an RFC 3339 time: \(text.debugDescription)" }
}
