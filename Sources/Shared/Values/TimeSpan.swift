/// A length of time as people write it everywhere: `5s`, `10m`, `24h`, `7d`, or plain seconds.
public struct TimeSpan: Equatable, Sendable, CustomStringConvertible {
  /// Its length.
  public let seconds: Double

  public init(seconds: Double) { self.seconds = seconds }

  /// Parses a number with a unit, or plain seconds.
  public init?(_ text: String) {
    var digits = text.utf8[...]
    var unit = 1.0
    if let last = digits.last, let found = Self.units[last] {
      digits = digits.dropLast()
      unit = found
    }
    guard digits.first.map(Self.isDigit) ?? false, digits.allSatisfy({ Self.isDigit($0) || $0 == UInt8(ascii: ".") }),
      let number = Double(String(decoding: digits, as: UTF8.self))
    else { return nil }
    seconds = number * unit
  }

  private static let units = [
    UInt8(ascii: "s"): 1.0, UInt8(ascii: "m"): 60, UInt8(ascii: "h"): 3600, UInt8(ascii: "d"): 86_400,
  ]

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// In the form that `init(_:)` parses, in seconds.
  public var description: String { "\(seconds == seconds.rounded() ? "\(Int64(seconds))" : "\(seconds)")s" }

  /// For a table: in the largest unit of which there are at least two, `90s` or `3h`, rounded down.
  public static func short(_ seconds: Double) -> String {
    let whole = Int64(max(0, min(seconds, 1e12)))
    for (size, unit) in [(86_400, "d"), (3600, "h"), (60, "m")] as [(Int64, String)] where whole >= 2 * size {
      return "\(whole / size)\(unit)"
    }
    return "\(whole)s"
  }
}
