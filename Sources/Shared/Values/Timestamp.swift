import Glibc

/// A moment in milliseconds since 1970-01-01T00:00:00Z; in JSON an RFC 3339 string in UTC.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Milliseconds since the epoch.
  public let milliseconds: Int64

  /// A moment by its milliseconds since the epoch.
  public init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// A moment by its seconds since the epoch, as certificates have it. Times beyond all calendars are cut to the years 1 and 9999.
  public init(seconds: Int64) {
    milliseconds = min(max(seconds, -62_135_596_800), 253_402_300_799) * 1000
  }

  /// Whole seconds since the epoch, rounded down.
  public var seconds: Int64 { milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0) }

  /// The present moment by the host's clock.
  public static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Earlier is less.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

extension Timestamp {
  /// Seconds of a day.
  public static let secondsPerDay: Int64 = 86_400

  /// The moment that is later by so many milliseconds.
  public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: moment.milliseconds + Int64(duration / .milliseconds(1)))
  }

  /// How long it is from `earlier` to `later`; negative if it is the other way round.
  public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .milliseconds(later.milliseconds) - .milliseconds(earlier.milliseconds)
  }

  /// Reads an RFC 3339 moment, or a date, which means its first second in UTC; `nil` if `text` is neither.
  public static func momentOrDate(_ text: String) -> Timestamp? { Timestamp(text) ?? Timestamp("\(text)T00:00:00Z") }
}

extension Timestamp: CodedAsText {
  /// For `DecodingError`.
  public static func fault(of text: String) -> String { "not an RFC 3339 time: \(text.debugDescription)" }
}
