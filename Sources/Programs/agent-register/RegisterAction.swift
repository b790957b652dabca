import AgentRegistration
import ArgumentParser
import Console

/// The action that a command line requests.
enum RegisterAction {
  case importFile(String, PasswordSource, removeSource: Bool)
  case request(name: String?, to: String)
  case enrol(at: String, name: String?, PasswordSource)
  case renew(startedByAgentd: Bool)
  case refresh(startedByAgentd: Bool)
  case listener(ListenerChange)
  case list
  case remove(String, force: Bool)
  case export(String, to: String?)
  case verify(String, PasswordSource, at: String?)
  case forecast(at: String)
  case environmentDifference(of: String)

  /// Throws a usage error if the options cannot be combined.
  static func check(_ command: RegisterCommand) throws {
    try refuseEmptyValues(command)
    let given = RegisterOption.allCases.filter(command.has)
    var wanted = given.filter(\.isAction)
    // If -V was given without a file, only --at is left; see withoutBareVerify.
    if wanted.isEmpty, command.has(.moment) { wanted = [.verify] }
    if wanted.count > 1 {
      throw ValidationError("\(wanted.map(\.shown).joined(separator: " and ")) cannot be combined")
    }
    for (option, actions) in given.compactMap({ option in option.actions.map { (option, $0) } }) {
      let allowed = actions.map(\.shown).joined(separator: " or ")
      guard let action = wanted.first else { throw ValidationError("\(option.shown) needs \(allowed)") }
      if !actions.contains(action) {
        throw ValidationError("\(option.shown) needs \(allowed), not \(action.shown)")
      }
    }
    if wanted.isEmpty {
      throw ValidationError("say what to do: -I, -R, -L, -l, -x, -E, -V with a file or --at, or --env-diff")
    }
    if wanted == [.request], command.has(.output) == command.has(.server) {
      throw ValidationError("-R needs either -s SERVER, to ask that server, or -o FILE, to write the request")
    }
    if wanted == [.request], command.has(.passwordFile), !command.has(.server) {
      throw ValidationError("-P needs -s: it names the file with the enrolment code")
    }
    if command.has(.queryPassword), command.has(.passwordFile) {
      throw ValidationError("-q and -P: the password comes from the terminal or from a file, not from both")
    }
  }

  /// Refuses empty values: with a shell variable that is not set, the command would do something unintended.
  private static func refuseEmptyValues(_ command: RegisterCommand) throws {
    let (importing, requesting) = (command.importing, command.requesting)
    let (listening, keeping, general) = (command.listening, command.keeping, command.general)
    let values: [(name: String, values: [String?])] = [
      ("-I", [importing.file]), ("-P", [importing.passwordFile]), ("-n", [requesting.name]),
      ("-s", [requesting.server]),
      ("-t", listening.thumbprint), ("-d", listening.disable), ("-e", listening.enable), ("-b", listening.addresses),
      ("-x", keeping.remove), ("-E", keeping.export), ("-o", [keeping.output]), ("-V", [keeping.verify]),
      ("--at", [keeping.moment]), ("--env-diff", [command.jobs.user]), ("-c", [general.config]),
    ]
    if let empty = values.first(where: { $0.values.contains { $0?.allSatisfy(\.isWhitespace) == true } }) {
      throw ValidationError("\(empty.name): its value is empty; is a variable of the shell not set?")
    }
  }

  static func of(_ command: RegisterCommand) throws -> RegisterAction {
    let (importing, listening, keeping) = (command.importing, command.listening, command.keeping)
    let password: PasswordSource =
      importing.queryPassword ? .terminal : importing.passwordFile.map { .file($0) } ?? .none
    if let file = importing.file { return .importFile(file, password, removeSource: importing.removeSource) }
    if let file = keeping.verify { return .verify(file, password, at: keeping.moment) }
    if let moment = keeping.moment { return .forecast(at: moment) }
    if let user = command.jobs.user { return .environmentDifference(of: user) }
    if command.requesting.renew { return .renew(startedByAgentd: command.requesting.startedByAgentd) }
    if command.requesting.refresh { return .refresh(startedByAgentd: command.requesting.startedByAgentd) }
    if command.requesting.isWanted {
      let name = command.requesting.name
      if let server = command.requesting.server { return .enrol(at: server, name: name, password) }
      if let file = keeping.output { return .request(name: name, to: file) }
    }
    if listening.isWanted {
      return .listener(
        try ListenerChange(
          thumbprint: listening.thumbprint.joined(), enable: listening.enable, disable: listening.disable,
          addresses: listening.addresses, port: listening.port, enrolmentServer: command.requesting.server))
    }
    // A thumbprint with unquoted spaces arrives as several words.
    if !keeping.remove.isEmpty { return .remove(keeping.remove.joined(), force: keeping.force) }
    if !keeping.export.isEmpty { return .export(keeping.export.joined(), to: keeping.output) }
    return .list
  }

  func carryOut(_ registration: Registration) throws -> Report {
    switch self {
    case .importFile(let file, let password, let removeSource):
      try registration.importFile(file, password: password, removeSource: removeSource)
    case .enrol(let server, let name, let code): try registration.enrol(at: server, name: name, code: code)
    case .renew(let startedByAgentd): try registration.renew(startedByAgentd: startedByAgentd)
    case .refresh(let startedByAgentd): try registration.refresh(startedByAgentd: startedByAgentd)
    case .request(let name, let file): try registration.request(name: name, to: file)
    case .listener(let change): try registration.listener(change)
    case .list: try registration.list()
    case .remove(let thumbprint, let force): try registration.remove(thumbprint, force: force)
    case .export(let thumbprint, let file): try registration.export(thumbprint, to: file)
    case .verify(let file, let password, let moment): try registration.verify(file, password: password, at: moment)
    case .forecast(let moment): try registration.forecast(at: moment)
    case .environmentDifference(let user): try registration.environmentDifference(of: user)
    }
  }
}
