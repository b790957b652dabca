extension Reader {
  /// Reads a value of any kind.
  ///
  /// - Parameter level: the number of tables and arrays around it.
  mutating func readValue(level: Int) throws(TOMLSyntaxError) -> TOMLValue {
    switch cursor.next.map({ UnicodeScalar($0) }) {
    case "\"", "'": return .string(try readString())
    case "[", "{":
      if level > TOMLTable.mostLevels { throw cursor.error(Self.tooDeep) }
      return cursor.next == UInt8(ascii: "[") ? try readArray(level: level) : try readInlineTable(level: level)
    default: return try readWord()
    }
  }

  /// Reads `[1, 2]`, which may span lines; the cursor is at its bracket.
  private mutating func readArray(level: Int) throws(TOMLSyntaxError) -> TOMLValue {
    let start = cursor.mark
    cursor.advance()
    var elements: [TOMLValue] = []
    while try skipToStatement(), cursor.next != UInt8(ascii: "]") {
      elements.append(try readValue(level: level + 1))
      guard try skipToStatement(), cursor.take(",") || cursor.next == UInt8(ascii: "]") else {
        throw cursor.error("expected , or ] in this array, not \(cursor.found)")
      }
    }
    guard cursor.take("]") else { throw cursor.error(at: start, "this array is not closed") }
    return .array(elements)
  }

  /// Reads a number, or true or false.
  private mutating func readWord() throws(TOMLSyntaxError) -> TOMLValue {
    let start = cursor.mark
    let word = cursor.takeAll { $0.isLetter || $0.isDigit || Self.signs.contains($0) }
    if word.isEmpty { throw cursor.error("expected a value, not \(cursor.found)") }
    switch TOMLNumber(word) {
    case .integer(let number): return .integer(number)
    case .float(let number): return .float(number)
    case .tooLarge: throw cursor.error(at: start, "this number is too large: integers have 64 bits")
    case .time: throw cursor.error(at: start, "dates and times are not supported; put text in quotes")
    case nil: break
    }
    if word.elementsEqual("true".utf8) { return .boolean(true) }
    if word.elementsEqual("false".utf8) { return .boolean(false) }
    throw cursor.error(at: start, "expected true, false or a number; put text in quotes")
  }

  private static let signs = Array("+-_.:".utf8)
}
