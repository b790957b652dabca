import Spelling
import SystemCalls

extension AgentConfiguration {
  /// Takes over what the file sets.
  mutating func read(_ root: StrictTable, relativeTo file: String) throws(ConfigurationError) {
    try root.refuseUnknown(besides: ["paths", "process", "tls", "jobs"])
    let folder = Path.folder(of: file)
    let hadDefaultLog = process.logFile == "\(paths.state)/agentd.log"
    if let table = try root.table("paths") { try paths.read(table, folder) }
    if hadDefaultLog { process.logFile = "\(paths.state)/agentd.log" }
    if let table = try root.table("process") { try process.read(table, folder) }
    if let table = try root.table("tls") { try tls.read(table) }
    if let table = try root.table("jobs") { try jobs.read(table) }
  }
}

extension AgentConfiguration.Paths {
  fileprivate mutating func read(_ table: StrictTable, _ folder: String) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ["store", "listener", "state", "runtime"])
    store = try table.path("store", folder) ?? store
    listener = try table.path("listener", folder) ?? listener
    state = try table.path("state", folder) ?? state
    runtime = try table.path("runtime", folder) ?? runtime
  }
}

extension AgentConfiguration.Process {
  fileprivate mutating func read(_ table: StrictTable, _ folder: String) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ["listener_user", "log_level", "log_file", "agent_name"])
    listenerUser = try table.userName("listener_user") ?? listenerUser
    logFile = try table.path("log_file", folder) ?? logFile
    logLevel = try table.choice("log_level") ?? logLevel
    if let name = try table.string("agent_name") {
      guard (1...253).contains(name.utf8.count), name.utf8.allSatisfy(isNameCharacter) else {
        throw table.error(
          "agent_name", "agent_name must be 1 to 253 letters, digits, dots, hyphens or underscores, not \(quoted(name))"
        )
      }
      agentName = name
    }
  }
}

extension AgentConfiguration.TLS {
  fileprivate mutating func read(_ table: StrictTable) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ["crl_expired"])
    crlExpired = try table.choice("crl_expired") ?? crlExpired
  }
}

extension AgentConfiguration.Jobs {
  fileprivate mutating func read(_ table: StrictTable) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ["max_running", "max_queued", "default_user"])
    maxRunning = try table.integer("max_running", in: 1...10_000) ?? maxRunning
    maxQueued = try table.integer("max_queued", in: 0...1_000_000) ?? maxQueued
    defaultUser = try table.userName("default_user") ?? defaultUser
  }
}

extension StrictTable {
  /// An absolute path; a relative one begins at `folder`.
  fileprivate func path(_ key: String, _ folder: String) throws(ConfigurationError) -> String? {
    guard let path = try string(key) else { return nil }
    if path.isEmpty { throw error(key, "\(key) must be a path, not an empty string") }
    return Path.resolve(path, relativeTo: folder)
  }

  /// One of the words of `Choice`.
  fileprivate func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String
  ) throws(ConfigurationError) -> Choice? where Choice.RawValue == String {
    guard let name = try string(key) else { return nil }
    if let choice = Choice(rawValue: name) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    let hint = nearestWord(to: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    throw error(key, "\(key) must be one of \(known.joined(separator: ", ")), not \(quoted(name))\(hint)")
  }

  fileprivate func userName(_ key: String) throws(ConfigurationError) -> String? {
    guard let name = try string(key) else { return nil }
    // What passwd(5) can hold.
    let isName = (1...256).contains(name.utf8.count) && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != 0x3a }
    if !isName { throw error(key, "\(key) must be the name of a user, not \(quoted(name))") }
    return name
  }
}

private func isNameCharacter(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
  default: false
  }
}
