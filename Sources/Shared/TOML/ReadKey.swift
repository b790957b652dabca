/// The parts of a key.
struct TOMLKey {
  /// All parts except the last.
  var leading: [String] = []
  var last: String
}

extension Reader {
  /// Reads a key, `a."b c".d`, with the spaces around it.
  mutating func readKey() throws(TOMLSyntaxError) -> TOMLKey {
    cursor.skipSpaces()
    var key = TOMLKey(last: try readKeyPart())
    cursor.skipSpaces()
    while cursor.take(".") {
      key.leading.append(key.last)
      cursor.skipSpaces()
      key.last = try readKeyPart()
      cursor.skipSpaces()
    }
    return key
  }

  private mutating func readKeyPart() throws(TOMLSyntaxError) -> String {
    if cursor.next == .quote || cursor.next == .apostrophe { return try readShortString() }
    let part = cursor.takeAll { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    if part.isEmpty {
      throw cursor.error(
        "expected a name, in quotes if it has other characters than letters, digits, _ and -; not \(cursor.found)")
    }
    return String(decoding: part, as: UTF8.self)
  }
}
