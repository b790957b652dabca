import ArgumentParser

/// The options of agent-register: their names, and which actions they belong to. Types and help are in the groups of Options.swift.
enum RegisterOption: String, CaseIterable {
  case importFile = "import"
  case request, renew, refresh, listener, list, remove, export, verify
  case environmentDifference = "env-diff"
  case queryPassword = "query-password"
  case passwordFile = "password-file"
  case removeSource = "remove-source"
  case thumbprint, disable, enable, bind, port, force, output, name, server
  case moment = "at"
  case startedByAgentd = "started-by-agentd"
  case config, json, version, help

  /// The role of an option.
  enum Part {
    /// Requests an action; a command line has one.
    case action
    /// Modifies one of these actions.
    case detail(of: [RegisterOption])
    /// Can be combined with every action.
    case general
  }

  private var row: (letter: Character?, part: Part) {
    switch self {
    case .importFile: ("I", .action)
    case .request: ("R", .action)
    case .renew, .refresh: (nil, .action)
    case .listener: ("L", .action)
    case .list: ("l", .action)
    case .remove: ("x", .action)
    case .export: ("E", .action)
    case .verify: ("V", .action)
    case .environmentDifference: (nil, .action)
    case .queryPassword: ("q", .detail(of: [.importFile, .verify]))
    case .passwordFile: ("P", .detail(of: [.importFile, .verify, .request]))
    case .removeSource: (nil, .detail(of: [.importFile]))
    case .thumbprint: ("t", .detail(of: [.listener]))
    case .disable: ("d", .detail(of: [.listener]))
    case .enable: ("e", .detail(of: [.listener]))
    case .bind: ("b", .detail(of: [.listener]))
    case .port: ("p", .detail(of: [.listener]))
    case .force: (nil, .detail(of: [.remove]))
    case .output: ("o", .detail(of: [.export, .request]))
    case .name: ("n", .detail(of: [.request]))
    case .server: ("s", .detail(of: [.request, .listener]))
    case .moment: (nil, .detail(of: [.verify]))
    case .startedByAgentd: (nil, .detail(of: [.renew, .refresh]))
    case .config: ("c", .general)
    case .json, .version: (nil, .general)
    case .help: ("h", .general)
    }
  }

  /// The option as messages show it: by its letter, if it has one.
  var shown: String { row.letter.map { "-\($0)" } ?? "--\(rawValue)" }

  /// The names for the parser.
  var names: NameSpecification {
    row.letter.map { [.customShort($0), .customLong(rawValue)] } ?? .customLong(rawValue)
  }

  var isAction: Bool { if case .action = row.part { true } else { false } }

  /// The actions that it modifies; `nil` if it is not a detail.
  var actions: [RegisterOption]? { if case .detail(let actions) = row.part { actions } else { nil } }

  /// The names of all options in their long form, without hyphens.
  static var longNames: Set<String> { Set(allCases.map(\.rawValue)) }

  /// Returns `message` with the option that was probably meant, if one differs from the unknown option only in case.
  static func withCaseHint(_ message: String) -> String {
    guard let letter = message.wholeMatch(of: #/Unknown option '-([A-Za-z])'/#)?.1.first else { return message }
    let other = letter.isUppercase ? letter.lowercased() : letter.uppercased()
    return allCases.contains { $0.shown == "-\(other)" } ? "\(message), did you mean -\(other)?" : message
  }

  /// Removes a `-V` without a file if `--at` is given: the parser does not support options with an optional value.
  static func withoutBareVerify(_ arguments: [String]) -> [String] {
    guard arguments.contains(where: { $0 == "--at" || $0.hasPrefix("--at=") }),
      let place = arguments.firstIndex(where: { $0 == "-V" || $0 == "--verify" })
    else { return arguments }
    let next = arguments.dropFirst(place + 1).first
    if let next, next == "-" || !next.hasPrefix("-") { return arguments }
    return Array(arguments[..<place] + arguments[(place + 1)...])
  }
}
