extension Reader {
  /// Reads a string of any of the four kinds; the cursor is at its first quote.
  mutating func readString() throws(TOMLSyntaxError) -> String {
    let start = cursor.mark
    if cursor.take("\"\"\"") { return try readLongString(.quote, start) }
    if cursor.take("'''") { return try readLongString(.apostrophe, start) }
    return try readShortString()
  }

  /// Reads a single-line string; the cursor is at its quote, `"` or `'`.
  mutating func readShortString() throws(TOMLSyntaxError) -> String {
    let (start, quote) = (cursor.mark, cursor.next)
    cursor.advance()
    var text: [UInt8] = []
    while let byte = cursor.next, byte != .newline {
      if byte == quote {
        cursor.advance()
        return String(decoding: text, as: UTF8.self)
      }
      if byte == .backslash, quote == .quote { try readEscape(into: &text) } else { try readCharacter(into: &text) }
    }
    throw cursor.error(at: start, "this string is not closed on its line")
  }

  /// Reads a multi-line string; the cursor is after its three quotes.
  private mutating func readLongString(_ quote: UInt8, _ start: Cursor.Mark) throws(TOMLSyntaxError) -> String {
    _ = cursor.take("\n")
    var text: [UInt8] = []
    while let byte = cursor.next {
      if byte == quote {
        // One or two quotes are text, even directly before the closing three.
        let quotes = takeQuotes(quote)
        text += repeatElement(quote, count: quotes < 3 ? quotes : quotes - 3)
        if quotes >= 3 { return String(decoding: text, as: UTF8.self) }
      } else if byte == .newline {
        text.append(byte)
        cursor.advance()
      } else if byte == .backslash, quote == .quote {
        if !skipEndOfLine() { try readEscape(into: &text) }
      } else {
        try readCharacter(into: &text)
      }
    }
    throw cursor.error(at: start, "this string is not closed")
  }

  private mutating func takeQuotes(_ quote: UInt8) -> Int {
    var count = 0
    while count < 5, cursor.next == quote {
      cursor.advance()
      count += 1
    }
    return count
  }

  /// Skips a backslash at the end of a line and all white space after it; returns false if it is not at the end.
  private mutating func skipEndOfLine() -> Bool {
    let before = cursor
    cursor.advance()
    cursor.skipSpaces()
    guard cursor.next == .newline else {
      cursor = before
      return false
    }
    cursor.takeAll { [.space, .tab, .newline].contains($0) }
    return true
  }

  private mutating func readCharacter(into text: inout [UInt8]) throws(TOMLSyntaxError) {
    guard let byte = cursor.next else { return }
    if byte.isControl {
      throw cursor.error("a string cannot contain control characters, only their escapes: \(cursor.found)")
    }
    text.append(byte)
    cursor.advance()
  }

  private mutating func readEscape(into text: inout [UInt8]) throws(TOMLSyntaxError) {
    let start = cursor.mark
    cursor.advance()
    guard let kind = cursor.next else { return }
    switch UnicodeScalar(kind) {
    case "u": return text += try readScalar(digits: 4, start)
    case "U": return text += try readScalar(digits: 8, start)
    case "\"", "\\": text.append(kind)
    case "b": text.append(0x08)
    case "t": text.append(.tab)
    case "n": text.append(.newline)
    case "f": text.append(0x0c)
    case "r": text.append(0x0d)
    default:
      throw cursor.error(
        at: start, "unknown escape; write a backslash as \\\\, or put the string in '...', where it needs no escape")
    }
    cursor.advance()
  }

  /// Reads the hexadecimal digits after `\u` or `\U`; the cursor is at that letter.
  private mutating func readScalar(digits: Int, _ start: Cursor.Mark) throws(TOMLSyntaxError) -> [UInt8] {
    cursor.advance()
    var (value, count): (UInt32, Int) = (0, 0)
    while count < digits, let digit = cursor.next.flatMap({ UnicodeScalar($0).hexDigit }) {
      (value, count) = (value << 4 | digit, count + 1)
      cursor.advance()
    }
    guard count == digits, let scalar = UnicodeScalar(value) else {
      throw cursor.error(at: start, "expected \\u and 4 hexadecimal digits, or \\U and 8")
    }
    // The text is passed to C functions, for which NUL would end it.
    if value == 0 { throw cursor.error(at: start, "NUL characters are not allowed") }
    return Array(String(scalar).utf8)
  }
}

extension UnicodeScalar {
  fileprivate var hexDigit: UInt32? { Character(self).hexDigitValue.flatMap { isASCII ? UInt32($0) : nil } }
}
