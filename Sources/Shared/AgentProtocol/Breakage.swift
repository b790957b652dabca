import Values
import Wording

/// An event that will lock out clients or schedulers at a certain time unless somebody acts.
public struct Breakage: Codable, Equatable, Sendable {
  /// When it happens.
  public let time: Timestamp
  /// What happens, and to whom.
  public let what: String
  /// What to do before then.
  public let remedy: String

  /// The maximum length of each text, in bytes.
  public static let maximumText = 16384

  /// Creates a breakage; texts that are too long are cut.
  public init(time: Timestamp, what: String, remedy: String) {
    self.time = time
    self.what = Self.cut(what)
    self.remedy = Self.cut(remedy)
  }

  /// Returns it as one line, relative to `now`: `at 2026-12-31T00:00:00Z (in 37 days): root CN=x expires: import its successor`.
  public func text(from now: Timestamp) -> String {
    let days = Int64((time - now) / .seconds(Timestamp.secondsPerDay))
    let distance = days < 0 ? "\(counted(-days, "day")) ago" : "in \(counted(days, "day"))"
    return "at \(time.short) (\(distance)): \(what): \(remedy)"
  }

  private static func cut(_ text: String) -> String {
    text.utf8.count <= maximumText ? text : "\(text.prefix(maximumText / 32))…"
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case time, what, remedy
  }

  /// Decodes a breakage; unknown keys and texts that are too long are errors.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    time = try container.decode(Timestamp.self, forKey: .time)
    what = try container.decode(String.self, forKey: .what)
    remedy = try container.decode(String.self, forKey: .remedy)
    guard what.utf8.count <= Self.maximumText, remedy.utf8.count <= Self.maximumText else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "longer than \(Self.maximumText) bytes"))
    }
  }
}
