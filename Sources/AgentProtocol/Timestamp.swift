import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#endif

/// A moment in milliseconds since 1970-01-01T00:00:00Z; in JSON an RFC 3339 string in UTC.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Milliseconds since the epoch.
  public let milliseconds: Int64

  /// A moment by its milliseconds since the epoch.
  public init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// The present moment by the host's clock.
  public static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Earlier is less.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

extension Timestamp: CustomStringConvertible {
  /// `2026-11-23T02:00:00.123Z`, as RFC 3339 section 5.6 has it.
  public var description: String {
    Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(Self.format)
  }

  /// Reads an RFC 3339 moment, with or without fractions of a second; `nil` if `text` is none.
  public init?(_ text: String) {
    guard let date = (try? Self.format.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text)) else { return nil }
    milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
  }

  private static let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}

extension Timestamp: Codable {
  /// Reads an RFC 3339 string.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let moment = Timestamp(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not an RFC 3339 time: \(text.debugDescription)"))
    }
    self = moment
  }

  /// Writes an RFC 3339 string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
