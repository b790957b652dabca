import Testing

@testable import TOML

/// A refusal says the line and the character, what is expected there, and what is found.
struct ErrorsSayWhereAndWhy {
  @Test(arguments: [
    ("a = 1 b", 1, 7, "the line has to end here, not go on with b"),
    (
      "a = 1\n\u{1}", 2, 1,
      "a name is expected here, in quotes if it has more than letters, digits, _ and -, not U+0001"
    ),
    ("\u{e9}=1", 1, 1, "a name is expected here, in quotes if it has more than letters, digits, _ and -, not U+00E9"),
    ("a\n", 1, 2, "after the key = is expected, not the end of the line"),
    ("a = ", 1, 5, "a value is expected here, not the end of the file"),
    ("'\u{e9}\u{1F600}' = x", 1, 8, "this is no value: neither true nor false nor a number; text is put in quotes"),
    ("a = 1\r\nb = \"x\r\n", 2, 5, "this string has no end in its line"),
    ("a = \"\"\"\n\n", 1, 5, "this string has no end"),
    ("a = '\u{7f}'", 1, 6, "control characters are written as escapes in a string, not U+007F"),
    ("a = \"\\d\"", 1, 6, "no escape is written like this; a backslash is \\\\, or needs no escape within '...'"),
    ("a = \"\\ud800\"", 1, 6, "a character by its number is \\u and 4 or \\U and 8 hexadecimal digits"),
    ("a = \"\\u0000\"", 1, 6, "NUL characters are not allowed"),
    ("# \u{1b}[1m", 1, 3, "control characters have no place in a comment: U+001B"),
    ("[a\n]", 1, 3, "after the table's name ] is expected, not the end of the line"),
    ("[[a]\n", 1, 4, "after the table's name ]] is expected, not ]"),
    ("a = 1\n\n\n[b]\n[a]", 5, 1, "this is already defined, in line 1"),
    ("a = [\n1\n2]", 3, 1, "in an array , or ] is expected here, not 2"),
    ("a = [\n1,", 1, 5, "this array has no end"),
    ("a = {b = 1\n}", 1, 11, "in an inline table , or } is expected here, on the same line, not the end of the line"),
    ("a = 9223372036854775808", 1, 5, "this number is too large: integers have 64 bits"),
    ("a = 07:32:00", 1, 5, "dates and times have no place here; text is put in quotes"),
    ("a = 1\nb = [[[[[[[[[[[[[[[[[", 2, 21, "more than 16 tables and arrays within each other"),
    ("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", 1, 1, "more than 16 tables and arrays within each other"),
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

  /// Each is a quarter of a megabyte; what takes the square of its size would not end.
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
