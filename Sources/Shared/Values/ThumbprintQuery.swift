/// A thumbprint as a person gives it: SHA-1 (40 hex digits) or SHA-256 (64), in any case, with colons, spaces or the
/// invisible marks that come along when it is copied from a Windows dialog; in full, or the first 8 digits or more.
public struct ThumbprintQuery: Equatable, Sendable, CustomStringConvertible {
  /// The fewest digits of an abbreviation.
  public static let minimumDigits = 8

  /// The lower-case hex digits.
  public let digits: String

  /// The digits.
  public var description: String { digits }

  /// Whether it can be a prefix only: it is neither 40 nor 64 digits long.
  public var isAbbreviated: Bool { digits.utf8.count != 40 && digits.utf8.count != 64 }

  /// Reads what a person typed or pasted.
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

  /// Whether an object with these two digests is meant.
  ///
  /// - Parameter sha1: lower-case hex digits.
  public func matches(sha1: String, sha256: Thumbprint) -> Bool {
    // 40 digits may also be the beginning of a SHA-256.
    sha1.utf8.starts(with: digits.utf8) || sha256.description.utf8.starts(with: digits.utf8)
  }

  /// The lower-case hex digits of a text that has nothing else but separators; `nil` for any other text, and for one without digits.
  public static func digits(in text: String) -> String? {
    let digits = withoutSeparators(text)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ hexDigit($0) != nil }) else { return nil }
    return digits.lowercased()
  }

  private static func withoutSeparators(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { !isIgnored($0) }))
  }

  /// Separators, and characters that nobody sees: spaces of all kinds, byte order and writing direction marks.
  private static func isIgnored(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == ":" || scalar == "-" || scalar.properties.isWhitespace { return true }
    return scalar.properties.generalCategory == .format || scalar.properties.generalCategory == .control
  }
}

/// Why a text is no thumbprint.
public enum ThumbprintError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Nothing was left of it.
  case empty
  /// The article's `<thumbprint>`, typed as it is printed.
  case placeholder(String)
  /// A character is no hex digit.
  case notHexadecimal(String, Unicode.Scalar)
  /// Fewer than 8 digits.
  case tooShort(Int)
  /// More than 64 digits.
  case tooLong(Int)

  /// One line: the expectation and the fact.
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
