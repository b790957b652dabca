// Uses integers throughout: with floating-point numbers, every third time would come back a millisecond earlier.
extension Timestamp: CustomStringConvertible {
  /// The time as `2026-11-23T02:00:00.123Z`, according to RFC 3339 section 5.6. Years before 0 and after 9999, which the RFC does not
  /// cover, have a sign or more digits.
  public var description: String {
    let day = milliseconds.floored(by: Self.millisecondsPerDay)
    let rest = (milliseconds % Self.millisecondsPerDay + Self.millisecondsPerDay) % Self.millisecondsPerDay
    let date = CalendarDate(daysSinceEpoch: day)
    let clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60].map { $0.padded(2) }.joined(separator: ":")
    return "\(date.year.padded(4))-\(date.month.padded(2))-\(date.day.padded(2))T\(clock).\((rest % 1000).padded(3))Z"
  }

  /// The time to the second, for people: `2026-11-23T02:00:00Z`.
  public var short: String { String(description.dropLast(5)) + "Z" }

  /// The day in UTC: `2026-11-23`.
  public var day: String { String(description.dropLast(14)) }

  /// Parses an RFC 3339 time; returns `nil` if `text` is not one. Fractions of a second are cut to milliseconds.
  public init?(_ text: String) {
    var reader = MomentReader(text)
    guard let date = reader.date(), reader.skip("T", "t"), let clock = reader.clock(), let offset = reader.offset(),
      reader.isAtEnd
    else { return nil }
    milliseconds = date.daysSinceEpoch * Self.millisecondsPerDay + clock - offset
  }

  private static let millisecondsPerDay: Int64 = 86_400_000
}

/// A day in the Gregorian calendar, which RFC 3339 applies to all times.
private struct CalendarDate {
  var year: Int64
  var month: Int64
  var day: Int64

  private static let daysPer400Years: Int64 = 146_097
  /// The days from 0000-03-01 to 1970-01-01. Years are counted from March, so that a leap day is the last day of a year.
  private static let epoch: Int64 = 719_468

  init(year: Int64, month: Int64, day: Int64) {
    (self.year, self.month, self.day) = (year, month, day)
  }

  init(daysSinceEpoch: Int64) {
    let days = daysSinceEpoch + Self.epoch
    let era = days.floored(by: Self.daysPer400Years)
    let dayOfEra = days - era * Self.daysPer400Years
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * fromMarch + 2) / 5 + 1
    month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  var daysSinceEpoch: Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.floored(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * Self.daysPer400Years + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - Self.epoch
  }

  /// Whether the day exists.
  var exists: Bool {
    (1...12).contains(month) && day >= 1 && Self(daysSinceEpoch: daysSinceEpoch).month == month
  }
}

/// Parses a time from its beginning.
private struct MomentReader {
  private var rest: Substring.UTF8View

  init(_ text: String) {
    rest = text[...].utf8
  }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func date() -> CalendarDate? {
    guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2) else { return nil }
    let date = CalendarDate(year: year, month: month, day: day)
    return date.exists ? date : nil
  }

  /// Returns the milliseconds since midnight. A leap second counts as the second after it.
  mutating func clock() -> Int64? {
    guard let hours = number(2), hours < 24, skip(":"), let minutes = number(2), minutes < 60, skip(":"),
      let seconds = number(2), seconds <= 60
    else { return nil }
    let whole = ((hours * 60 + minutes) * 60 + seconds) * 1000
    guard skip(".") else { return whole }
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    rest = rest.dropFirst(digits.count)
    return digits.isEmpty
      ? nil : whole + (0..<3).reduce(0) { $0 * 10 + Int64(digits.dropFirst($1).first ?? 0x30) - 0x30 }
  }

  /// Returns how far the clock is ahead of UTC, in milliseconds.
  mutating func offset() -> Int64? {
    if skip("Z", "z") { return 0 }
    let sign: Int64 = skip("+") ? 1 : -1
    guard sign == 1 || skip("-"), let hours = number(2), hours < 24, skip(":"), let minutes = number(2), minutes < 60
    else { return nil }
    return sign * (hours * 60 + minutes) * 60_000
  }

  mutating func skip(_ characters: Unicode.Scalar...) -> Bool {
    guard let first = rest.first, characters.contains(Unicode.Scalar(first)) else { return false }
    rest = rest.dropFirst()
    return true
  }

  private mutating func number(_ count: Int) -> Int64? {
    let digits = rest.prefix(count)
    guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    rest = rest.dropFirst(count)
    return digits.reduce(0) { $0 * 10 + Int64($1) - 0x30 }
  }
}

extension Int64 {
  fileprivate func floored(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }

  /// Returns the number with leading zeros, with at least `width` digits.
  fileprivate func padded(_ width: Int) -> String {
    let digits = String(magnitude)
    return (self < 0 ? "-" : "") + String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
  }
}
