/// A value that is a string in JSON, namely its `description`.
public protocol CodedAsText: Codable, CustomStringConvertible {
  /// Parses a text; returns `nil` if it is not such a value.
  init?(_ text: String)

  /// Parses a JSON string, if that is stricter than `init(_:)`.
  static func decoded(_ text: String) -> Self?

  /// Returns what is wrong with an invalid string, for the person who wrote it.
  static func fault(of text: String) -> String
}

extension CodedAsText {
  /// Parses like `init(_:)`.
  public static func decoded(_ text: String) -> Self? { Self(text) }

  /// Decodes a string; throws if it is not such a value.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let value = Self.decoded(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: Self.fault(of: text)))
    }
    self = value
  }

  /// Encodes the `description`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A JSON object's key with any name.
public struct AnyKey: CodingKey {
  /// The key.
  public let stringValue: String
  /// Always `nil`: the keys of an object are strings.
  public var intValue: Int? { nil }

  public init(stringValue: String) { self.stringValue = stringValue }

  /// Always returns `nil`.
  public init?(intValue: Int) { nil }
}
