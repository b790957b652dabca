/// The line of each key in a TOML document, which TOMLKit does not tell. It relies on the document's having been parsed:
/// it knows just enough of the syntax (TOML 1.0.0) to tell keys from values.
struct KeyLocations {
  private var lines: [[String]: Int] = [:]
  private var scanner: Scanner
  private var header: [String] = []

  init(_ text: String) {
    scanner = Scanner(text)
    while scanner.skipToStatement() { readStatement() }
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
      while scanner.next == "[" { scanner.advance() }
      header = scanner.readKey()
      scanner.skipValue()
      record(header, line)
    } else {
      record(header + scanner.readKey(), line)
      scanner.skipValue()
    }
  }

  /// The first mention counts, so that a table is where it begins.
  private mutating func record(_ path: [String], _ line: Int) {
    for length in 1..<max(path.count + 1, 1) where lines[Array(path[..<length])] == nil {
      lines[Array(path[..<length])] = line
    }
  }
}

private struct Scanner {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private(set) var line = 1

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
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
    var depth = 0
    while let scalar = next {
      switch scalar {
      case "\"", "'": _ = readString()
      case "#": skipLine()
      case "\n" where depth <= 0: return advance()
      case "[", "{":
        depth += 1
        advance()
      case "]", "}":
        depth -= 1
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
