/// A parsed command of the article's language: words, then switches. It is not yet checked against any `CommandSyntax`.
public struct ParsedCommand: Equatable, Sendable {
  /// `/NAME` or `/NAME=VALUE`.
  public struct Switch: Equatable, Sendable {
    /// The name, in upper case.
    public var name: String
    /// The value without quotes; nil without `=`.
    public var value: String?

    public init(_ name: String, _ value: String? = nil) {
      self.name = name
      self.value = value
    }
  }

  /// The words, in upper case.
  public var words: [String]
  /// The switches, in the order given.
  public var switches: [Switch]

  /// The maximum length of a command, in bytes.
  public static let maximumBytes = 65536

  public init(words: [String] = [], switches: [Switch] = []) {
    self.words = words
    self.switches = switches
  }

  /// Parses a command from one line, or from several that belong together.
  public init(_ text: String) throws(GrammarError) {
    self.init()
    if text.utf8.count > Self.maximumBytes { throw .tooLong(limit: Self.maximumBytes) }
    var scanner = Scanner(text)
    while let token = try scanner.next() { try append(token) }
  }

  /// Parses a command that a shell has split into arguments: quotes are gone, and spaces in an argument are part of the value.
  public init(arguments: [String]) throws(GrammarError) {
    self.init()
    if arguments.reduce(0, { $0 + $1.utf8.count + 1 }) > Self.maximumBytes { throw .tooLong(limit: Self.maximumBytes) }
    for argument in arguments {
      if argument.hasPrefix("/"), let mark = argument.firstIndex(of: "=") {
        let value = String(argument[argument.index(after: mark)...])
        try append(.option(Switch(argument[..<mark].dropFirst().uppercased(), Quotes.removed(from: value))))
      } else {
        var scanner = Scanner(argument)
        while let token = try scanner.next() { try append(token) }
      }
    }
  }

  private mutating func append(_ token: Scanner.Token) throws(GrammarError) {
    switch token {
    case .word(let word) where switches.isEmpty: words.append(word.uppercased())
    case .word(let word): throw .strayWord(word, after: switches.last?.name ?? "")
    case .option(let option):
      guard !option.name.isEmpty, option.name.allSatisfy({ $0.isASCII && $0.isLetter }) else {
        throw .noSwitchName(option.name)
      }
      if option.value?.hasPrefix("<") == true { throw .placeholder(option.name, option.value ?? "") }
      if switches.contains(where: { $0.name == option.name }) { throw .repeated(option.name) }
      switches.append(option)
    }
  }
}

/// The reasons why a text is not a valid command.
public enum GrammarError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The text exceeds the maximum length.
  case tooLong(limit: Int)
  /// A value begins with a quote but does not end with one.
  case openQuote(String)
  /// A word follows a switch; only switches can.
  case strayWord(String, after: String)
  /// The text after the slash is not a name.
  case noSwitchName(String)
  /// The value is still the placeholder printed in the article.
  case placeholder(String, String)
  /// A switch is given twice.
  case repeated(String)
  /// There are switches, but no command before them.
  case noCommand
  /// No command begins or continues like this.
  case unknownCommand(String, hint: String)
  /// The command has no such switch.
  case unknownSwitch(String, of: String, hint: String)
  /// The switch needs a value, for example this one.
  case valueNeeded(String, example: String)
  /// The switch does not take a value.
  case valueUnwanted(String)
  /// These required switches are missing.
  case missing([String], of: String)
  /// Exactly one of these switches is required; `given` of them are there.
  case needsOne([String], of: String, given: Int)

  /// One line.
  public var description: String {
    switch self {
    case .tooLong(let limit): "a command of more than \(limit) bytes"
    case .openQuote(let text): "the quote before \(text.prefix(40)) is not closed"
    case .strayWord(let word, _) where word.hasPrefix("-"):
      "\(word) is not a switch: switches begin with a slash, as in /MAKEDEFAULT"
    case .strayWord(let word, let name):
      "\(word) after /\(name): put a value with spaces in quotes, /\(name)=\"...\""
    case .noCommand: "a line that begins with a slash continues a command, and there is none; HELP lists the commands"
    case .noSwitchName(let name) where name.contains(":"):
      "/\(name) is not a switch: a value follows an equals sign, as in /\(name.replacing(":", with: "=", maxReplacements: 1))"
    case .noSwitchName(let name): "/\(name) is not a switch: a name must follow the slash, as in /MAKEDEFAULT"
    case .placeholder(let name, let value): "/\(name)=\(value) is a placeholder: replace it with the real value"
    case .repeated(let name): "/\(name) is given twice"
    case .unknownCommand(let text, let hint): "there is no command \(text); \(hint)"
    case .unknownSwitch(let name, let command, let hint): "\(command) has no switch /\(name); \(hint)"
    case .valueNeeded(let name, let example): "/\(name) needs a value, as in /\(name)=\(example)"
    case .valueUnwanted(let name): "/\(name) takes no value"
    case .missing(let names, let command):
      "\(command) needs \(names.map { "/\($0)" }.joined(separator: " and "))"
    case .needsOne(let names, let command, let given):
      "\(command) needs one of \(names.map { "/\($0)" }.joined(separator: ", "))\(given > 1 ? ", not \(given)" : "")"
    }
  }
}
