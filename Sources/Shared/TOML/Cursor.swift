/// A position in a document. Only this type indexes the bytes, and it never reads past the end.
struct Cursor {
  /// A saved position, for error messages.
  struct Mark {
    fileprivate let offset: Int
    fileprivate let lineStart: Int
    let line: Int
  }

  private let bytes: [UInt8]
  private var offset = 0
  private var lineStart = 0
  private(set) var line = 1

  /// Creates a cursor at the beginning of `bytes`.
  ///
  /// - Parameter bytes: valid UTF-8.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var mark: Mark { Mark(offset: offset, lineStart: lineStart, line: line) }

  /// The current byte; `nil` at the end.
  var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  /// Advances by one byte, if there is one.
  mutating func advance() {
    guard let next else { return }
    offset += 1
    if next == .newline {
      line += 1
      lineStart = offset
    }
  }

  /// Advances past `text` if it comes next.
  mutating func take(_ text: String) -> Bool {
    guard bytes[offset...].starts(with: text.utf8) else { return false }
    for _ in text.utf8 { advance() }
    return true
  }

  /// Advances past all bytes that match, and returns them.
  @discardableResult
  mutating func takeAll(where isMeant: (UInt8) -> Bool) -> [UInt8] {
    var taken: [UInt8] = []
    while let byte = next, isMeant(byte) {
      taken.append(byte)
      advance()
    }
    return taken
  }

  mutating func skipSpaces() {
    while next == .space || next == .tab { advance() }
  }

  /// What comes next, for an error message.
  var found: String {
    guard let next else { return "the end of the file" }
    if next == .newline { return "the end of the line" }
    if (0x21...0x7e).contains(next) { return "\(UnicodeScalar(next))" }
    let scalar = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars.first?.value ?? 0
    let digits = String(scalar, radix: 16, uppercase: true)
    return "U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
  }

  /// Returns an error at the current position or at `mark`.
  func error(at mark: Mark? = nil, _ message: String) -> TOMLSyntaxError {
    let mark = mark ?? self.mark
    // Every byte except 10xxxxxx begins a character.
    let column = bytes[mark.lineStart..<mark.offset].count { $0 & 0xC0 != 0x80 } + 1
    return TOMLSyntaxError(line: mark.line, column: column, message)
  }
}

extension UInt8 {
  static let newline = UInt8(ascii: "\n")
  static let space = UInt8(ascii: " ")
  static let tab = UInt8(ascii: "\t")
  static let quote = UInt8(ascii: "\"")
  static let apostrophe = UInt8(ascii: "'")
  static let backslash = UInt8(ascii: "\\")

  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
  /// Whether it may occur in text only as an escape.
  var isControl: Bool { self < 0x20 && self != .tab || self == 0x7f }
}
