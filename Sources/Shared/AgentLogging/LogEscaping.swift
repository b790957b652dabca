extension String {
  /// Returns the text with everything that could end a line or control a terminal written as an escape, such as `\n` or `\u{1B}`.
  public func escapingControlCharacters() -> String {
    guard unicodeScalars.contains(where: \.steersTerminals) else { return self }
    var escaped = ""
    for scalar in unicodeScalars {
      if scalar.steersTerminals { escaped += scalar.escaped } else { escaped.unicodeScalars.append(scalar) }
    }
    return escaped
  }

  /// Returns the text as a logfmt value, quoted if a reader could not find its end otherwise.
  func quotedForLogfmt() -> String {
    let needsQuotes =
      isEmpty || unicodeScalars.contains { $0 == " " || $0 == "=" || $0 == "\"" || $0 == "\\" || $0.steersTerminals }
    guard needsQuotes else { return self }
    var quoted = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case _ where scalar.steersTerminals: quoted += scalar.escaped
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension String {
  /// Returns the text as a JSON string, with terminal control characters escaped; RFC 8259 section 7.
  func quotedForJSON() -> String {
    var quoted = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case _ where scalar.steersTerminals:
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  /// Returns at most `limit` bytes of the text; if it was longer, the result ends in `...`.
  func cut(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: max(0, limit - 3))
    while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
    return self[..<end] + "..."
  }
}

extension Unicode.Scalar {
  /// Control and format characters (including bidirectional overrides), line and paragraph separators.
  fileprivate var steersTerminals: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  fileprivate var escaped: String {
    switch self {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(value, radix: 16, uppercase: true))}"
    }
  }
}
