/// The SHA-256 digest of a DER object: its name in the store.
public struct Thumbprint: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// 64 lower-case hex digits.
  public let description: String

  /// The digits in any case; `nil` if `text` is not exactly 64 hex digits.
  public init?(_ text: String) {
    guard text.utf8.count == 64, let digits = hexDigits(text) else { return nil }
    description = digits
  }

  /// Of the 32 bytes of a digest; `nil` for another number of bytes.
  public init?(digest: some Collection<UInt8>) {
    guard digest.count == 32 else { return nil }
    description = digest.reduce(into: "") { text, byte in
      text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
  }

  /// In the order of the digits.
  public static func < (left: Thumbprint, right: Thumbprint) -> Bool { left.description < right.description }
}

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
    let trimmed = String(text.unicodeScalars.filter { !Self.isIgnored($0) })
    if trimmed.isEmpty { throw .empty }
    if trimmed.hasPrefix("<") { throw .placeholder(trimmed) }
    guard let digits = hexDigits(trimmed) else {
      throw .notHexadecimal(text, trimmed.unicodeScalars.first { !isHexDigit($0) })
    }
    switch digits.utf8.count {
    case ..<Self.minimumDigits: throw .tooShort(digits.utf8.count)
    case 65...: throw .tooLong(digits.utf8.count)
    default: self.digits = digits
    }
  }

  /// Whether an object with these two digests, in lower-case hex, is meant.
  public func matches(sha1: String, sha256: String) -> Bool {
    switch digits.utf8.count {
    case 64: sha256 == digits
    // 40 digits may also be the beginning of a SHA-256.
    default: sha1.hasPrefix(digits) || sha256.hasPrefix(digits)
    }
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
  case notHexadecimal(String, Unicode.Scalar?)
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
      "\(expected); \(text.debugDescription) has the character \(scalar.map { String($0).debugDescription } ?? "?")"
    case .tooShort(let count): "\(expected); this one has \(count)"
    case .tooLong(let count): "\(expected); this one has \(count)"
    }
  }
}

/// `text` in lower case; `nil` if a character is no ASCII hex digit.
private func hexDigits(_ text: String) -> String? {
  text.unicodeScalars.allSatisfy(isHexDigit) ? text.lowercased() : nil
}

private func isHexDigit(_ scalar: Unicode.Scalar) -> Bool {
  scalar.isASCII && scalar.properties.isASCIIHexDigit
}
