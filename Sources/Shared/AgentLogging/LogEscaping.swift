extension String {
  /// The text with everything that could end a line or steer a terminal written as an escape, `\n` or `\u{1B}`.
  public func escapingControlCharacters() -> String {
    guard unicodeScalars.contains(where: \.steersTerminals) else { return self }
    var escaped = ""
    for scalar in unicodeScalars {
      if scalar.steersTerminals { escaped += scalar.escaped } else { escaped.unicodeScalars.append(scalar) }
    }
    return escaped
  }

  /// The text as a logfmt value: in quotes if a reader would otherwise not find its end.
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
  /// The text as a string of JSON, with what steers terminals escaped; RFC 8259 section 7.
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

  /// At most so many bytes of it, with dots at the end of what was longer.
  func cut(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: max(0, limit - 3))
    while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
    return self[..<end] + "..."
  }
}

extension Unicode.Scalar {
  /// Control and format characters (bidirectional overrides among them), line and paragraph separators.
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
