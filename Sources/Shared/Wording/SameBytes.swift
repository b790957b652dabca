// Text that decides something is compared, split and searched by bytes, with these functions. To Swift's String, é equals e followed by a
// combining accent, the Kelvin sign equals K, and a slash followed by a combining accent is not a slash; to the kernel, name services,
// SQLite and every peer, text is its bytes. scripts/lint-bytes finds code that bypasses them.

extension StringProtocol {
  /// Returns whether both consist of the same bytes.
  public func isSame(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

  /// Returns whether its first bytes are those of `beginning`.
  public func begins(with beginning: String) -> Bool { utf8.starts(with: beginning.utf8) }

  /// Returns the parts between the bytes `separator`, which must be ASCII; empty parts are included.
  public func parts(at separator: Unicode.Scalar, most splits: Int = .max) -> [String] {
    utf8.split(separator: UInt8(ascii: separator), maxSplits: splits, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// The text with the letters A to Z in lower case and everything else unchanged: what protocols call "case-insensitive".
  public var asciiLowercased: String {
    String(decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}

extension Sequence<String> {
  /// Returns whether one of them consists of the same bytes.
  public func containsSame(as text: String) -> Bool { contains { $0.isSame(as: text) } }
}

/// A text as a key, compared and sorted by its bytes.
public struct ExactText: Hashable, Comparable, Sendable {
  /// The text.
  public let text: String

  /// Creates a key from `text`, unchanged.
  public init(_ text: String) { self.text = text }

  /// Returns whether both consist of the same bytes.
  public static func == (left: ExactText, right: ExactText) -> Bool { left.text.isSame(as: right.text) }

  /// Returns whether the bytes of `left` come first.
  public static func < (left: ExactText, right: ExactText) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(text.utf8.count)
  }
}
