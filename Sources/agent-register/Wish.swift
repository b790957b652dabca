import AgentRegistration
import ArgumentParser

/// The one thing that a command line asks for.
enum Wish {
  case importFile(String, PasswordSource, removeSource: Bool)
  case listener(ListenerChange)
  case list
  case remove(String, force: Bool)
  case export(String, to: String?)
  case verify(String, PasswordSource, at: String?)

  /// Throws a usage error unless the options make sense together.
  static func check(_ command: RegisterCommand) throws {
    let (importing, listening, keeping) = (command.importing, command.listening, command.keeping)
    let wishes: [(name: String, isThere: Bool)] = [
      ("-I", importing.file != nil), ("-L", listening.isWanted), ("-l", keeping.list), ("-x", !keeping.remove.isEmpty),
      ("-E", !keeping.export.isEmpty), ("-V", keeping.verify != nil),
    ]
    let wanted = wishes.filter(\.isThere).map(\.name)
    if wanted.isEmpty {
      let hint = listening.isChange ? "-t, -d, -e, -b and -p need -L" : "say what to do: -I, -L, -l, -x, -E or -V"
      throw ValidationError(hint)
    }
    if wanted.count > 1 { throw ValidationError("\(wanted.joined(separator: " and ")) cannot be done at once") }
    let companions: [(name: String, isThere: Bool, of: [String])] = [
      ("-q", importing.queryPassword, ["-I", "-V"]), ("-P", importing.passwordFile != nil, ["-I", "-V"]),
      ("--remove-source", importing.removeSource, ["-I"]), ("-t, -d, -e, -b and -p", listening.isChange, ["-L"]),
      ("--force", keeping.force, ["-x"]), ("-o", keeping.output != nil, ["-E"]),
      ("--at", keeping.moment != nil, ["-V"]),
    ]
    if let stray = companions.first(where: { $0.isThere && !$0.of.contains(wanted[0]) }) {
      throw ValidationError("\(stray.name) goes with \(stray.of.joined(separator: " or ")), not with \(wanted[0])")
    }
    if importing.queryPassword, importing.passwordFile != nil {
      throw ValidationError("-q and -P: the password comes from the terminal or from a file, not from both")
    }
  }

  static func of(_ command: RegisterCommand) throws -> Wish {
    let (importing, listening, keeping) = (command.importing, command.listening, command.keeping)
    let password: PasswordSource =
      importing.queryPassword ? .terminal : importing.passwordFile.map { .file($0) } ?? .none
    if let file = importing.file { return .importFile(file, password, removeSource: importing.removeSource) }
    if let file = keeping.verify { return .verify(file, password, at: keeping.moment) }
    if listening.isWanted {
      return .listener(
        try ListenerChange(
          thumbprint: listening.thumbprint.joined(), enable: listening.enable, disable: listening.disable,
          addresses: listening.addresses, port: listening.port))
    }
    // A thumbprint with spaces that were not quoted arrives in several words.
    if !keeping.remove.isEmpty { return .remove(keeping.remove.joined(), force: keeping.force) }
    if !keeping.export.isEmpty { return .export(keeping.export.joined(), to: keeping.output) }
    return .list
  }

  func carryOut(_ registration: Registration) throws -> Report {
    switch self {
    case .importFile(let file, let password, let removeSource):
      try registration.importFile(file, password: password, removeSource: removeSource)
    case .listener(let change): try registration.listener(change)
    case .list: try registration.list()
    case .remove(let thumbprint, let force): try registration.remove(thumbprint, force: force)
    case .export(let thumbprint, let file): try registration.export(thumbprint, to: file)
    case .verify(let file, let password, let moment): try registration.verify(file, password: password, at: moment)
    }
  }
}
