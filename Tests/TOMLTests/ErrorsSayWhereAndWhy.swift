import Testing

@testable import TOML

/// A refusal gives the line and the character, what was expected there, and what was found.
struct ErrorsSayWhereAndWhy {
  @Test(arguments: [
    ("a = 1 b", 1, 7, "expected the end of the line, not b"),
    (
      "a = 1\n\u{1}", 2, 1,
      "expected a name, in quotes if it has other characters than letters, digits, _ and -; not U+0001"
    ),
    (
      "\u{e9}=1", 1, 1,
      "expected a name, in quotes if it has other characters than letters, digits, _ and -; not U+00E9"
    ),
    ("a\n", 1, 2, "expected = after the key, not the end of the line"),
    ("a = ", 1, 5, "expected a value, not the end of the file"),
    ("'\u{e9}\u{1F600}' = x", 1, 8, "expected true, false or a number; put text in quotes"),
    ("a = 1\r\nb = \"x\r\n", 2, 5, "this string is not closed on its line"),
    ("a = \"\"\"\n\n", 1, 5, "this string is not closed"),
    ("a = '\u{7f}'", 1, 6, "a string cannot contain control characters, only their escapes: U+007F"),
    (
      "a = \"\\d\"", 1, 6,
      "unknown escape; write a backslash as \\\\, or put the string in '...', where it needs no escape"
    ),
    ("a = \"\\ud800\"", 1, 6, "expected \\u and 4 hexadecimal digits, or \\U and 8"),
    ("a = \"\\u0000\"", 1, 6, "NUL characters are not allowed"),
    ("# \u{1b}[1m", 1, 3, "a comment cannot contain control characters: U+001B"),
    ("[a\n]", 1, 3, "expected ] after the table's name, not the end of the line"),
    ("[[a]\n", 1, 4, "expected ]] after the table's name, not ]"),
    ("a = 1\n\n\n[b]\n[a]", 5, 1, "already defined in line 1"),
    ("a = [\n1\n2]", 3, 1, "expected , or ] in this array, not 2"),
    ("a = [\n1,", 1, 5, "this array is not closed"),
    ("a = {b = 1\n}", 1, 11, "expected , or } on the same line of this inline table, not the end of the line"),
    ("a = 9223372036854775808", 1, 5, "this number is too large: integers have 64 bits"),
    ("a = 07:32:00", 1, 5, "dates and times are not supported; put text in quotes"),
    ("a = 1\nb = [[[[[[[[[[[[[[[[[", 2, 21, "tables and arrays are nested more than 16 deep"),
    ("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", 1, 1, "tables and arrays are nested more than 16 deep"),
  ])
  func error(document: String, line: Int, column: Int, message: String) {
    #expect(throws: TOMLSyntaxError(line: line, column: column, message)) {
      try TOMLTable(document: Array(document.utf8))
    }
  }

  @Test func brokenTextIsFound() {
    #expect(throws: TOMLSyntaxError(line: 2, column: 3, "not valid UTF-8")) {
      try TOMLTable(document: Array("a = 1\n\u{e9}#".utf8) + [0xff, 0x0a])
    }
  }

  @Test func linesOfKeysAreThoseOfTheirFirstMention() throws {
    let root = try TOMLTable(document: Array("\n[a.b]\nc = 1\n\n[a]\nd = [\n1]\n[[e]]\n[[e]]\n".utf8))
    guard case .table(let a)? = root["a"], case .array(let e)? = root["e"], case .table(let second)? = e.last else {
      Issue.record("not read")
      return
    }
    #expect(root.keys == ["a", "e"] && root.line(of: "a") == 2 && root.line(of: "e") == 8 && root.line(of: "f") == nil)
    #expect(a.line == 2 && a.keys == ["b", "d"] && a.line(of: "d") == 6 && second.line == 9)
  }

  /// Each is a quarter of a megabyte; quadratic time would not end.
  @Test(
    .timeLimit(.minutes(10)),
    arguments: [
      ("[[a]]\n", ""), ("a.a", "\n"), ("{a=", ""), ("[", ""), ("\"", ""), ("'''a", ""), ("\\", "\"\"\""), ("#", ""),
      ("\r", ""), (" ", "="),
      ("1", "a="), ("1,", "a=["), ("\n", ""),
    ])
  func endlessRepetitionEnds(piece: String, beginning: String) {
    let document = Array((beginning + String(repeating: piece, count: 262_144 / piece.utf8.count)).utf8)
    _ = try? TOMLTable(document: document)
  }
}
