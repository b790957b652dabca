import Wording

/// The syntax of a command.
public struct CommandSyntax: Sendable {
  /// A switch of a command.
  public struct Switch: Sendable {
    /// The name in upper case, without the slash.
    public let name: String
    /// An example of the value; nil for a switch without a value.
    public let example: String?
    /// Whether the command requires it.
    public let isRequired: Bool
    /// Its purpose, in a few words.
    public let summary: String

    /// Creates a switch with a value.
    public init(_ name: String, _ example: String, required: Bool = false, _ summary: String) {
      self.name = name
      self.example = example
      isRequired = required
      self.summary = summary
    }

    /// Creates a switch without a value.
    public init(_ name: String, required: Bool = false, _ summary: String) {
      self.name = name
      example = nil
      isRequired = required
      self.summary = summary
    }

    /// The switch as typed.
    var shown: String { "/\(name)\(example.map { "=\($0)" } ?? "")" }
  }

  /// The words of the command, in upper case.
  public let words: [String]
  /// What the command does, in one line.
  public let summary: String
  /// The switches of the command.
  public let switches: [Switch]
  /// The switches of which exactly one is required; empty if there are none.
  private let alternatives: [String]

  /// Creates a command with these words, which are separated by spaces.
  ///
  /// - Parameter oneOf: the names of switches of which exactly one is required.
  public init(_ words: String, _ summary: String, _ switches: [Switch] = [], oneOf alternatives: [String] = []) {
    self.words = words.split(separator: " ").map(String.init)
    self.summary = summary
    self.switches = switches
    self.alternatives = alternatives
  }

  /// The words, in one line.
  public var name: String { words.joined(separator: " ") }

  /// Checks the switches of a command: each must be known and have a value if it needs one, and none may be missing.
  public func check(_ command: ParsedCommand) throws(GrammarError) {
    for given in command.switches {
      guard let known = switches.first(where: { $0.name == given.name }) else { throw unknown(given.name) }
      switch (known.example, given.value) {
      case (let example?, nil): throw .valueNeeded(given.name, example: example)
      case (let example?, ""): throw .valueNeeded(given.name, example: example)
      case (nil, .some): throw .valueUnwanted(given.name)
      default: break
      }
    }
    let missing = switches.filter { option in
      option.isRequired && !command.switches.contains { $0.name == option.name }
    }
    if !missing.isEmpty { throw .missing(missing.map(\.name), of: name) }
    let given = alternatives.count { name in command.switches.contains { $0.name == name } }
    if !alternatives.isEmpty, given != 1 { throw .needsOne(alternatives, of: name, given: given) }
  }

  private func unknown(_ given: String) -> GrammarError {
    let names = switches.map(\.name)
    let hint =
      nearestWord(to: given, among: names).map { "did you mean /\($0)?" }
      ?? (names.isEmpty ? "it has none" : "it has \(names.map { "/\($0)" }.joined(separator: " "))")
    return .unknownSwitch(given, of: name, hint: hint)
  }

  /// The output of HELP: the command as typed, what it does, and each switch, in lines of at most 80 characters.
  public var help: [String] {
    let required = switches.filter(\.isRequired).map(\.shown)
    let optional = switches.filter { !$0.isRequired }.map { "[\($0.shown)]" }
    let width = (switches.map(\.shown.count).max() ?? 0) + 4
    return folded([name] + required + optional, indentation: 4)
      + folded(summary.split(separator: " ").map(String.init), first: "  ", indentation: 2)
      + switches.flatMap { option in
        folded(
          option.summary.split(separator: " ").map(String.init),
          first: "  " + option.shown + String(repeating: " ", count: width - option.shown.count - 2), indentation: width
        )
      }
  }

  /// Returns the line that HELP shows in its list of commands, folded to 80 characters.
  ///
  /// - Parameter width: the width of the column with the command's words.
  public func entry(width: Int) -> [String] {
    folded(
      summary.split(separator: " ").map(String.init),
      first: name + String(repeating: " ", count: max(2, width - name.count)), indentation: width)
  }
}

/// Returns lines of at most 80 characters that consist of `first` and the words.
///
/// - Parameter indentation: the number of blanks before the second line and those after it.
private func folded(_ words: [String], first: String = "", indentation: Int) -> [String] {
  var lines = [first]
  var isEmpty = true
  for word in words {
    if !isEmpty, lines[lines.count - 1].count + 1 + word.count > 80 {
      lines.append(String(repeating: " ", count: indentation))
      isEmpty = true
    }
    lines[lines.count - 1] += (isEmpty ? "" : " ") + word
    isEmpty = false
  }
  return lines
}
