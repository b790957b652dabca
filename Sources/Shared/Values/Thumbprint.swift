/// The SHA-256 digest of a DER object: its name in the store, in records and in rules. Compared by bytes.
public struct Thumbprint: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The 32 bytes, in order.
  private let words: SIMD4<UInt64>

  /// A placeholder if no object is known or it has no digest: 32 zero bytes.
  public static let unknown = Thumbprint(words: .zero)

  private init(words: SIMD4<UInt64>) { self.words = words }

  /// Parses hex digits in upper or lower case; returns `nil` if `text` is not exactly 64 hex digits.
  public init?(_ text: String) {
    guard text.utf8.count == 64 else { return nil }
    var words = SIMD4<UInt64>.zero
    for (index, byte) in text.utf8.enumerated() {
      guard let digit = hexDigit(byte) else { return nil }
      words[index / 16] = words[index / 16] << 4 | UInt64(digit)
    }
    self.words = words
  }

  /// Parses the form of `description`; returns `nil` if `text` is not exactly 64 lower-case hex digits.
  public init?(canonical text: String) {
    guard text.utf8.allSatisfy(isCanonicalHexDigit) else { return nil }
    self.init(text)
  }

  /// Creates a thumbprint from the 32 bytes of a digest; returns `nil` for any other length.
  public init?(digest: some Collection<UInt8>) {
    guard digest.count == 32 else { return nil }
    var words = SIMD4<UInt64>.zero
    for (index, byte) in digest.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
    self.words = words
  }

  /// The thumbprint as 64 lower-case hex digits.
  public var description: String {
    String(unsafeUninitializedCapacity: 64) { buffer in
      for index in 0..<64 {
        let digit = UInt8(truncatingIfNeeded: words[index / 16] >> (60 - 4 * (index % 16))) & 15
        buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
      }
      return 64
    }
  }

  /// The first 16 digits: enough to identify it in a message.
  public var beginning: String { String(description.prefix(16)) }

  /// Compares in the order of the digits.
  public static func < (left: Thumbprint, right: Thumbprint) -> Bool {
    for index in 0..<4 where left.words[index] != right.words[index] { return left.words[index] < right.words[index] }
    return false
  }
}

extension Thumbprint: CodedAsText, CodingKeyRepresentable {
  /// The digits as a key in a JSON object.
  public var codingKey: any CodingKey { AnyKey(stringValue: description) }

  /// Parses like `init(canonical:)`.
  public init?<T: CodingKey>(codingKey: T) { self.init(canonical: codingKey.stringValue) }

  /// Parses like `init(canonical:)`.
  public static func decoded(_ text: String) -> Thumbprint? { Thumbprint(canonical: text) }

  /// Returns the message for a `DecodingError`.
  public static func fault(of text: String) -> String { "not a SHA-256 thumbprint of 64 lower-case hex digits" }
}

/// Returns the value of an ASCII hex digit in either case; `nil` for any other byte.
public func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

/// Returns whether `byte` is an ASCII hex digit, in lower case if it is a letter.
public func isCanonicalHexDigit(_ byte: UInt8) -> Bool {
  hexDigit(byte) != nil && !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
}
