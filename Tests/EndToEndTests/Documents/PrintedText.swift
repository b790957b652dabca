/// A comparison of the output shown in a document with the real output. They must be equal except for what differs between runs:
/// - `...` matches any text including the spaces around it and, on a line of its own, any lines;
/// - a date, a time, a version, an enrolment code, a serial number or thumbprint of which the document prints the first 8 digits and `...`,
///   8 digits in upper case where a list has no more, and the id of `agentctl run` match any other of the same kind;
/// - spaces match any number of spaces, because the width of a column depends on its contents.
struct PrintedText {
  /// The values in this run of the document's thumbprints and codes; equal ones must be equal everywhere.
  private(set) var values: [String: String] = [:]
  /// The last enrolment code shown.
  private(set) var lastCode: String?

  private static let kinds: [(name: String, pattern: String)] = [
    ("code", #"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}\.[0-9a-f]{32}"#),
    ("digits", #"[0-9A-Fa-f]{8,}\.\.\."#),
    ("short", #"\b[0-9A-F]{8}\b"#),
    ("run", #"run-[0-9a-z]+-[0-9a-z]+"#),
    ("time", #"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z"#),
    ("date", #"[0-9]{4}-[0-9]{2}-[0-9]{2}"#),
    ("version", #"\b[0-9]+\.[0-9]+\.[0-9]+\b(?!\.[0-9])"#),
    ("any", #"\s*\.\.\.\s*"#),
  ]
  /// Values in commands that refer to earlier output.
  private static var inCommands: Regex<Substring> {
    #/\b[0-9A-Fa-f]{8,}\b|[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}(?:\.[0-9a-f]{32})?/#
  }

  /// Compares the real output with the document's and records values.
  ///
  /// - Returns: whether they match.
  mutating func take(_ actual: [String], for printed: [String]) throws -> Bool {
    guard let fitting = try matched(actual[...], printed[...]) else { return false }
    self = fitting
    return true
  }

  private func matched(_ actual: ArraySlice<String>, _ printed: ArraySlice<String>) throws -> PrintedText? {
    guard let line = printed.first else { return actual.isEmpty ? self : nil }
    if line.allSatisfy({ $0 == "." || $0 == " " }), line.contains("...") {
      for start in actual.startIndex...actual.endIndex {
        if let found = try matched(actual[start...], printed.dropFirst()) { return found }
      }
      return nil
    }
    guard let first = actual.first, let next = try matched(first, line) else { return nil }
    return try next.matched(actual.dropFirst(), printed.dropFirst())
  }

  private func matched(_ actual: String, _ printed: String) throws -> PrintedText? {
    let (pattern, names) = try Self.pattern(of: printed)
    guard let match = try Regex(pattern).wholeMatch(in: actual) else { return nil }
    var result = self
    for (name, capture) in zip(names, match.output.dropFirst()) {
      guard let text = capture.substring.map(String.init), result.bind(name, text) else { return nil }
    }
    return result
  }

  /// Records the value of the document's `name`. Returns false if it was different before.
  private mutating func bind(_ name: String, _ text: String) -> Bool {
    if name.contains("-") {
      let (shown, given) = (name.split(separator: "."), text.split(separator: "."))
      for (key, value) in [(name, text), (String(shown[0]), String(given[0]))] { values[key] = value }
      lastCode = text
      return true
    }
    // The first digits are enough for every command, and case is ignored.
    let (key, value) = (name.prefix(8).lowercased(), text.prefix(8).lowercased())
    defer { values[key] = value }
    return values[key] ?? value == value
  }

  /// Returns a regular expression for a line, with a group for each recorded value, and the names of the groups.
  private static func pattern(of printed: String) throws -> (String, [String]) {
    let token = try Regex(kinds.map { "(?<\($0.name)>\($0.pattern))" }.joined(separator: "|"))
    var (pattern, names) = ("", [String]())
    var rest = Substring(printed)
    while let match = rest.firstMatch(of: token) {
      pattern += literal(rest[..<match.range.lowerBound])
      let kind = kinds.first { match[$0.name]?.substring != nil }!
      switch kind.name {
      case "code", "digits":
        names.append(String(rest[match.range]))
        pattern += kind.name == "code" ? "(\(kind.pattern))" : "([0-9A-Fa-f]{16,})"
      case "any": pattern += ".*"
      default: pattern += kind.pattern
      }
      rest = rest[match.range.upperBound...]
    }
    return (pattern + literal(rest) + #"\s*"#, names)
  }

  private static func literal(_ text: Substring) -> String {
    var (pattern, isBlank) = ("", false)
    for character in text {
      if character == " " {
        if !isBlank { pattern += #"\s+"# }
      } else {
        pattern += character.isLetter || character.isNumber || !character.isASCII ? "\(character)" : "\\\(character)"
      }
      isBlank = character == " "
    }
    return pattern
  }

  /// Returns a command with this run's values substituted.
  ///
  /// - Throws: `HarnessError` for a thumbprint or code that has not been shown.
  func command(_ printed: String) throws -> String {
    var result = ""
    var rest = Substring(printed)
    while let match = rest.firstMatch(of: Self.inCommands) {
      let text = String(match.0)
      guard let value = values[text] ?? values[text.prefix(8).lowercased()] else {
        throw HarnessError("\(text) in a command was not shown before: \(printed)")
      }
      result += rest[..<match.range.lowerBound] + value
      rest = rest[match.range.upperBound...]
    }
    return result + rest
  }
}
