extension TOMLTable {
  /// Reads a document of TOML 1.0.0 (toml.io). In addition, it refuses dates and times, NUL characters, integers that exceed 64 bits, and
  /// nesting deeper than `mostLevels`. Whatever the bytes are, it returns or throws, in time and memory proportional to their number.
  public convenience init(document: [UInt8]) throws(TOMLSyntaxError) {
    self.init(line: 1, level: 0)
    var reader = Reader(try Self.normalised(document))
    try reader.readDocument(into: self)
  }

  /// Returns the document without a byte order mark, and with each CR LF replaced by a newline.
  private static func normalised(_ document: [UInt8]) throws(TOMLSyntaxError) -> [UInt8] {
    if String(validating: document, as: UTF8.self) == nil { throw firstFault(in: document) }
    let text = document.starts(with: [0xEF, 0xBB, 0xBF]) ? document[3...] : document[...]
    return zip(text, text.dropFirst() + [0]).filter { $0 != (UInt8(ascii: "\r"), .newline) }.map(\.0)
  }

  private static func firstFault(in document: [UInt8]) -> TOMLSyntaxError {
    var cursor = Cursor(document)
    for (byte, mended) in zip(document, String(decoding: document, as: UTF8.self).utf8) {
      if byte != mended { break }
      cursor.advance()
    }
    return cursor.error("not valid UTF-8")
  }
}

/// Reads a document from beginning to end; the reader for each kind of part is in a separate file.
struct Reader {
  var cursor: Cursor
  /// The number of the section being read.
  private var section = 0

  init(_ bytes: [UInt8]) { cursor = Cursor(bytes) }

  mutating func readDocument(into root: TOMLTable) throws(TOMLSyntaxError) {
    var table = root
    while try skipToStatement() {
      if cursor.next == UInt8(ascii: "[") { table = try readHeader(root) } else { try readPair(into: table) }
      cursor.skipSpaces()
      try skipComment()
      guard cursor.next == .newline || cursor.next == nil else {
        throw cursor.error("expected the end of the line, not \(cursor.found)")
      }
    }
  }

  /// Skips blank lines and comments; returns false at the end.
  mutating func skipToStatement() throws(TOMLSyntaxError) -> Bool {
    while true {
      cursor.takeAll { [.space, .tab, .newline].contains($0) }
      guard cursor.next == UInt8(ascii: "#") else { return cursor.next != nil }
      try skipComment()
    }
  }

  private mutating func skipComment() throws(TOMLSyntaxError) {
    guard cursor.next == UInt8(ascii: "#") else { return }
    cursor.takeAll { !$0.isControl }
    guard cursor.next == .newline || cursor.next == nil else {
      throw cursor.error("a comment cannot contain control characters: \(cursor.found)")
    }
  }

  /// Reads `[a.b]` or `[[a.b]]`; returns the table that it begins.
  private mutating func readHeader(_ root: TOMLTable) throws(TOMLSyntaxError) -> TOMLTable {
    let start = cursor.mark
    let isArray = cursor.take("[[")
    if !isArray { cursor.advance() }
    let key = try readKey()
    guard cursor.take(isArray ? "]]" : "]") else {
      throw cursor.error("expected \(isArray ? "]]" : "]") after the table's name, not \(cursor.found)")
    }
    section += 1
    return try resolving(start) { () throws(TOMLConflict) in
      var table = root
      for part in key.leading { table = try table.passing(part, start.line) }
      return isArray ? try table.appending(key.last, start.line) : try table.defining(key.last, start.line)
    }
  }

  /// Reads `a.b = value`.
  private mutating func readPair(into table: TOMLTable) throws(TOMLSyntaxError) {
    let start = cursor.mark
    let key = try readKey()
    guard cursor.take("=") else { throw cursor.error("expected = after the key, not \(cursor.found)") }
    cursor.skipSpaces()
    let section = section
    let owner = try resolving(start) { () throws(TOMLConflict) in
      var owner = table
      for part in key.leading { owner = try owner.dotted(part, start.line, section: section) }
      return owner
    }
    let value = try readValue(level: owner.level + 1)
    try resolving(start) { () throws(TOMLConflict) in try owner.set(key.last, value, start.line) }
  }

  /// Reads `{ a = 1, b.c = 2 }`; the cursor is at its brace.
  mutating func readInlineTable(level: Int) throws(TOMLSyntaxError) -> TOMLValue {
    let table = TOMLTable(line: cursor.line, level: level)
    cursor.advance()
    cursor.skipSpaces()
    if cursor.take("}") { return .table(table) }
    repeat {
      cursor.skipSpaces()
      try readPair(into: table)
      cursor.skipSpaces()
    } while cursor.take(",")
    guard cursor.take("}") else {
      throw cursor.error("expected , or } on the same line of this inline table, not \(cursor.found)")
    }
    return .table(table)
  }

  private func resolving<Value>(
    _ start: Cursor.Mark, _ body: () throws(TOMLConflict) -> Value
  ) throws(TOMLSyntaxError) -> Value {
    do throws(TOMLConflict) { return try body() } catch {
      switch error {
      case .definedBefore(let line): throw cursor.error(at: start, "already defined in line \(line)")
      case .tooDeep: throw cursor.error(at: start, Self.tooDeep)
      }
    }
  }

  static let tooDeep = "tables and arrays are nested more than \(TOMLTable.mostLevels) deep"
}
