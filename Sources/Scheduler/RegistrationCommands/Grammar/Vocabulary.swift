import CommandGrammar
import OpenSSL

/// The words that commands consist of.
public enum Vocabulary {
  /// Returns what fits in place of a word at a place in a command, in alphabetical order.
  ///
  /// - Parameters:
  ///   - word: the beginning of the word, in upper or lower case.
  ///   - text: the command before it, with the lines before this one.
  ///   - agents: returns the names of the agents.
  /// - Returns: nil where the name of a file belongs.
  public static func completions(of word: String, after text: String, agents: () -> [String]) -> [String]? {
    guard let candidates = candidates(after: text, agents) else { return nil }
    let beginning = word.uppercased()
    return Set(candidates).filter { $0.uppercased().hasPrefix(beginning) }.sorted()
  }

  private static func candidates(after text: String, _ agents: () -> [String]) -> [String]? {
    if text.last == "=" { return values(of: text.split(separator: "/").last?.dropLast().uppercased() ?? "", agents) }
    let tokens = text.split { $0.isWhitespace }.map { $0.uppercased() }
    var words = tokens.prefix { !$0.hasPrefix("/") }
    let isHelp = words.first == "HELP"
    if isHelp { words.removeFirst() }
    let fitting = SchedulerCommand.allCases.map(\.syntax).filter { $0.words.starts(with: words) }
    let given = tokens.dropFirst(words.count).filter { $0.hasPrefix("/") }
    let next = given.isEmpty ? fitting.compactMap { $0.words.dropFirst(words.count).first } : []
    if isHelp { return next }
    let switches = fitting.first { $0.words.count == words.count }?.switches ?? []
    let missing = switches.filter { option in
      !given.contains { $0 == "/\(option.name)" || $0.hasPrefix("/\(option.name)=") }
    }
    return next + (tokens.isEmpty ? ["EXIT"] : []) + missing.map { "/\($0.name)\($0.example == nil ? "" : "=")" }
  }

  private static func values(of name: String, _ agents: () -> [String]) -> [String]? {
    switch name {
    case "FILENAME", "OUT", "PASSWORDFILE", "CURL": nil
    case "AGENTNAME": agents()
    case "PLATFORM": ["Linux", "Windows"]
    case "KEYTYPE": KeyKind.allCases.map(\.rawValue)
    default: []
    }
  }
}
