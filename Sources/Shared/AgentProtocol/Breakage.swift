import Values
import Wording

/// Something that will keep clients or schedulers out from some moment on, if nobody does anything.
public struct Breakage: Codable, Equatable, Sendable {
  /// From when on.
  public let time: Timestamp
  /// What happens then, and to whom.
  public let what: String
  /// What to do before.
  public let remedy: String

  /// The most bytes of each text.
  public static let maximumText = 16384

  /// Cuts texts that are too long.
  public init(time: Timestamp, what: String, remedy: String) {
    self.time = time
    self.what = Self.cut(what)
    self.remedy = Self.cut(remedy)
  }

  /// In one line, as seen from `now`: `at 2026-12-31T00:00:00Z (in 37 days): root CN=x expires: import its successor`.
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

  /// Reads a breakage; further keys and longer texts are errors.
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
