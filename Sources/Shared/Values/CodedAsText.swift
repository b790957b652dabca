/// A value that is a string in JSON: `description` is what is written.
public protocol CodedAsText: Codable, CustomStringConvertible {
  /// Reads a text; `nil` for what is no such value.
  init?(_ text: String)

  /// Reads a string of JSON, where that is stricter than `init(_:)`.
  static func decoded(_ text: String) -> Self?

  /// What is wrong with a string that is no such value, for the person who wrote it.
  static func fault(of text: String) -> String
}

extension CodedAsText {
  /// As `init(_:)`.
  public static func decoded(_ text: String) -> Self? { Self(text) }

  /// Reads a string; one that is no such value is an error.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let value = Self.decoded(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: Self.fault(of: text)))
    }
    self = value
  }

  /// Writes a string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A key of a JSON object, whatever it is.
public struct AnyKey: CodingKey {
  /// The key.
  public let stringValue: String
  /// None: an object's keys are strings.
  public var intValue: Int? { nil }

  public init(stringValue: String) { self.stringValue = stringValue }

  /// There is none.
  public init?(intValue: Int) { nil }
}
