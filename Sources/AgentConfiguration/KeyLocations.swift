/// The line of each key in a TOML document, which TOMLKit does not tell. It knows just enough of the syntax (TOML 1.0.0) to tell
/// keys from values in a good document; of one that is none, it finds nonsense, or its first fault.
struct KeyLocations {
  /// The first thing that the document may not be given to TOMLKit with, which would end the process.
  private(set) var fault: (line: Int, text: String)?
  private var lines: [[String]: Int] = [:]
  private var scanner: Scanner
  private var header: [String] = []
  /// How many tables an array of tables has so far.
  private var elements: [[String]: Int] = [:]

  /// The most parts of a dotted key: more than any key that means something here.
  private static let mostParts = 16
  /// Tables within tables without end overflow the parser's stack.
  private static let deepKey = "a key has more than \(mostParts) parts"

  init(_ text: String) {
    scanner = Scanner(text)
    while fault == nil, scanner.skipToStatement() { readStatement() }
  }

  /// The line of the key with that path; of the nearest table around it where it has none of its own.
  func line(of path: [String]) -> Int? {
    for length in stride(from: path.count, to: 0, by: -1) {
      if let line = lines[Array(path[..<length])] { return line }
    }
    return nil
  }

  private mutating func readStatement() {
    let line = scanner.line
    if scanner.next == "[" {
      guard let depth = scanner.skipToTableName() else {
        // TOMLKit's parser takes it for granted that there is one (an assertion of C++).
        return fault = (line, "after [ a table's name is expected")
      }
      header = scanner.readKey()
      scanner.skipValue()
      if depth == 2 {
        // The table of an array has its number as the last part of its path.
        let number = elements[header, default: 0]
        elements[header] = number + 1
        header.append("\(number)")
      }
      record(header, line)
    } else {
      record(header + scanner.readKey(), line)
      scanner.skipValue()
    }
    // A cut-off one fails an assertion of the parser's, and no key here takes any.
    if scanner.sawTime { fault = fault ?? (line, "dates and times have no place here; text is put in quotes") }
    // The parser takes it for granted that nothing ends where a value of an array begins.
    if scanner.sawWrongBrace { fault = fault ?? (line, "[ is closed by }") }
    if scanner.mostDots >= Self.mostParts { fault = fault ?? (line, Self.deepKey) }
  }

  /// The first mention counts, so that a table is where it begins.
  private mutating func record(_ path: [String], _ line: Int) {
    guard path.count <= Self.mostParts else { return fault = (line, Self.deepKey) }
    for length in 1..<max(path.count + 1, 1) where lines[Array(path[..<length])] == nil {
      lines[Array(path[..<length])] = line
    }
  }
}

private struct Scanner {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private(set) var line = 1
  /// The most dots between two other signs of a value: of a dotted key in an inline table, or a number's one.
  private(set) var mostDots = 0
  /// Whether a value had a colon outside strings, as only times of a day do, or began with a digit and had a hyphen, as dates do.
  private(set) var sawTime = false
  /// Whether a brace closed a bracket.
  private(set) var sawWrongBrace = false

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
    if next == "\u{FEFF}" { advance() }
  }

  var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  mutating func advance() {
    if next == "\n" { line += 1 }
    position += 1
  }

  /// Skips blank lines and comments; false at the end.
  mutating func skipToStatement() -> Bool {
    while let scalar = next {
      switch scalar {
      case " ", "\t", "\r", "\n": advance()
      case "#": skipLine()
      default: return true
      }
    }
    return false
  }

  /// Skips the brackets that a table's header begins with.
  ///
  /// - Returns: how many, one or two; `nil` where no name follows, nor what the parser refuses.
  mutating func skipToTableName() -> Int? {
    var depth = 0
    while next == "[", depth < 2 {
      advance()
      depth += 1
      while next == " " || next == "\t" { advance() }
    }
    guard let next else { return depth }
    switch next {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", "\"", "'", "]": return depth
    default: return nil
    }
  }

  /// The parts of a dotted key, up to the `=` or `]` that ends it.
  mutating func readKey() -> [String] {
    var parts: [String] = []
    var part = ""
    while let scalar = next, scalar != "=", scalar != "]", scalar != "\n" {
      switch scalar {
      case "\"", "'": part += readString()
      case ".":
        parts.append(part)
        part = ""
        advance()
      case " ", "\t": advance()
      default:
        part.unicodeScalars.append(scalar)
        advance()
      }
    }
    return parts + [part]
  }

  /// Skips the rest of a statement: to the end of the line, but for lines within strings, arrays and inline tables.
  mutating func skipValue() {
    var (open, dots): ([Unicode.Scalar], Int) = ([], 0)
    // The sign before, and whether what it belongs to began with a digit.
    var (last, isNumber): (Unicode.Scalar, Bool) = ("=", false)
    while let scalar = next {
      if " \t\n{}[],=".unicodeScalars.contains(last) { isNumber = ("0"..."9").contains(scalar) }
      if scalar == "-", isNumber, last != "e", last != "E" { sawTime = true }
      last = scalar
      if scalar == "." {
        dots += 1
        mostDots = max(mostDots, dots)
      } else if "{}[],=\n".unicodeScalars.contains(scalar) {
        dots = 0
      }
      switch scalar {
      case "\"", "'": _ = readString()
      case "#": skipLine()
      case ":":
        sawTime = true
        advance()
      case "\n" where open.isEmpty: return advance()
      case "[", "{":
        open.append(scalar)
        advance()
      case "]", "}":
        if scalar == "}", open.last == "[" { sawWrongBrace = true }
        _ = open.popLast()
        advance()
      default: advance()
      }
    }
  }

  private mutating func skipLine() {
    while let scalar = next, scalar != "\n" {
      _ = scalar
      advance()
    }
  }

  /// A string of any of the four kinds, without its quotes; escapes stay as they are.
  private mutating func readString() -> String {
    guard let quote = next else { return "" }
    let isLong = position + 2 < scalars.count && scalars[position + 1] == quote && scalars[position + 2] == quote
    let length = isLong ? 3 : 1
    for _ in 0..<length { advance() }
    var text = ""
    while let scalar = next, !isEnd(quote, length) {
      text.unicodeScalars.append(scalar)
      advance()
      if scalar == "\\", quote == "\"" { advance() }
    }
    while next == quote { advance() }
    return text
  }

  private func isEnd(_ quote: Unicode.Scalar, _ length: Int) -> Bool {
    position + length <= scalars.count && scalars[position..<(position + length)].allSatisfy { $0 == quote }
  }
}
