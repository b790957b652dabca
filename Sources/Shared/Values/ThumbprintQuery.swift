/// A thumbprint as entered by a person: SHA-1 (40 hex digits) or SHA-256 (64), in upper or lower case, with colons, spaces or the invisible
/// characters that are copied along from a Windows dialog; in full, or at least the first 8 digits.
public struct ThumbprintQuery: Equatable, Sendable, CustomStringConvertible {
  /// The minimum number of digits in an abbreviation.
  public static let minimumDigits = 8

  /// The lower-case hex digits.
  public let digits: String

  /// The digits.
  public var description: String { digits }

  /// Whether it can only be a prefix: it has neither 40 nor 64 digits.
  public var isAbbreviated: Bool { digits.utf8.count != 40 && digits.utf8.count != 64 }

  /// Parses what a person typed or pasted.
  public init(_ text: String) throws(ThumbprintError) {
    let trimmed = Self.withoutSeparators(text)
    if trimmed.isEmpty { throw .empty }
    if trimmed.hasPrefix("<") { throw .placeholder(trimmed) }
    if let other = trimmed.unicodeScalars.first(where: { UInt8(exactly: $0.value).flatMap(hexDigit) == nil }) {
      throw .notHexadecimal(text, other)
    }
    let digits = trimmed.lowercased()
    switch digits.utf8.count {
    case ..<Self.minimumDigits: throw .tooShort(digits.utf8.count)
    case 65...: throw .tooLong(digits.utf8.count)
    default: self.digits = digits
    }
  }

  /// Returns whether an object with these two digests matches.
  ///
  /// - Parameter sha1: the SHA-1 as lower-case hex digits.
  public func matches(sha1: String, sha256: Thumbprint) -> Bool {
    // 40 digits may also be the beginning of a SHA-256.
    sha1.utf8.starts(with: digits.utf8) || sha256.description.utf8.starts(with: digits.utf8)
  }

  /// Returns the lower-case hex digits of a text that contains only digits and separators; `nil` for any other text or one without digits.
  public static func digits(in text: String) -> String? {
    let digits = withoutSeparators(text)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ hexDigit($0) != nil }) else { return nil }
    return digits.lowercased()
  }

  private static func withoutSeparators(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { !isIgnored($0) }))
  }

  /// Returns whether it is a separator or invisible: spaces of all kinds, byte order and writing direction marks.
  private static func isIgnored(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == ":" || scalar == "-" || scalar.properties.isWhitespace { return true }
    return scalar.properties.generalCategory == .format || scalar.properties.generalCategory == .control
  }
}

/// The reasons why a text is not a thumbprint.
public enum ThumbprintError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The text is empty without separators.
  case empty
  /// The text is the placeholder `<thumbprint>` from the article.
  case placeholder(String)
  /// A character is not a hex digit.
  case notHexadecimal(String, Unicode.Scalar)
  /// There are fewer than 8 digits.
  case tooShort(Int)
  /// There are more than 64 digits.
  case tooLong(Int)

  /// One line: what was expected and what was found.
  public var description: String {
    let expected = "a thumbprint is 40 or 64 hex digits, or their first 8 or more"
    return switch self {
    case .empty: "\(expected); this one is empty"
    case .placeholder(let text):
      "\(text) is a placeholder for your certificate's thumbprint, which agent-register -l shows"
    case .notHexadecimal(let text, let scalar):
      "\(expected); \(text.debugDescription) has the character \(String(scalar).debugDescription)"
    case .tooShort(let count): "\(expected); this one has \(count)"
    case .tooLong(let count): "\(expected); this one has \(count)"
    }
  }
}
