/// Splits a command into words and switches.
struct Scanner {
  enum Token {
    case word(String)
    case option(ParsedCommand.Switch)
  }

  private var rest: Substring.UnicodeScalarView

  init(_ text: String) {
    rest = text[...].unicodeScalars
  }

  /// Returns the next token; nil at the end.
  mutating func next() throws(GrammarError) -> Token? {
    skip { $0.properties.isWhitespace }
    guard let first = rest.first else { return nil }
    if first != "/" { return .word(try value()) }
    rest.removeFirst()
    let name = take { !$0.properties.isWhitespace && $0 != "/" && $0 != "=" }.uppercased()
    guard rest.first == "=" else { return .option(.init(name)) }
    rest.removeFirst()
    return .option(.init(name, try value()))
  }

  /// Reads text up to white space; quotes of either kind, and the angle brackets of a placeholder, protect it.
  private mutating func value() throws(GrammarError) -> String {
    guard let first = rest.first else { return "" }
    if first == "<" {
      let text = take { $0 != ">" }
      if rest.first == ">" { rest.removeFirst() }
      return text + ">"
    }
    guard let closing = Quotes.closing(first) else { return take { !$0.properties.isWhitespace } }
    rest.removeFirst()
    let text = take { !closing.contains($0) }
    guard !rest.isEmpty else { throw .openQuote(text) }
    rest.removeFirst()
    return text
  }

  private mutating func skip(_ condition: (Unicode.Scalar) -> Bool) { rest = rest.drop(while: condition) }

  private mutating func take(_ condition: (Unicode.Scalar) -> Bool) -> String {
    let taken = rest.prefix(while: condition)
    rest = rest[taken.endIndex...]
    return String(taken)
  }
}

/// Quotes, both plain and as word processors change them: the article prints `/USER=”<Enter a user>”`.
enum Quotes {
  private static let double: Set<Unicode.Scalar> = ["\"", "\u{201c}", "\u{201d}", "\u{201e}", "\u{201f}"]
  private static let single: Set<Unicode.Scalar> = ["'", "\u{2018}", "\u{2019}", "\u{201a}", "\u{201b}"]

  /// Returns the characters that close a text opened by this quote; nil if it is not a quote.
  static func closing(_ opening: Unicode.Scalar) -> Set<Unicode.Scalar>? {
    double.contains(opening) ? double : single.contains(opening) ? single : nil
  }

  /// Returns `text` without the quotes around it, if any.
  static func removed(from text: String) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count >= 2, let first = scalars.first, let last = scalars.last,
      closing(first)?.contains(last) == true
    else { return text }
    return String(scalars.dropFirst().dropLast())
  }
}
