import AgentProtocol
import SystemCalls
import Wording

extension AgentConfiguration {
  /// Reads the values that the file sets.
  mutating func read(_ root: StrictTable, relativeTo file: String) throws(ConfigurationError) {
    try root.refuseUnknown(besides: ["paths", "process", "tls", "limits", "jobs", "client"])
    let folder = Path.folder(of: file)
    let hadDefaultLog = process.logFile == "\(paths.state)/agentd.log"
    if let table = try root.table("paths") { try paths.read(table, folder) }
    if hadDefaultLog { process.logFile = "\(paths.state)/agentd.log" }
    if let table = try root.table("process") { try process.read(table, folder) }
    if let table = try root.table("tls") { try tls.read(table) }
    if let table = try root.table("limits") { try limits.read(table) }
    if let table = try root.table("jobs") { try jobs.read(table) }
    clients = try ClientTable.all(root, pools: jobs.pools)
    let own = [process.listenerUser] + (process.signerUser.map { [$0] } ?? [])
    // No job runs as a user of agentd's own. An administrator who names nobody for that has not asked for a refusal of all jobs.
    if !jobs.isDefaultUserNamed, own.containsSame(as: jobs.defaultUser) { jobs.defaultUser = Jobs.otherDefaultUser }
  }
}

extension AgentConfiguration.Paths {
  fileprivate mutating func read(_ table: StrictTable, _ folder: String) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ConfigurationReference.paths.names)
    store = try table.path("store", folder) ?? store
    listener = try table.path("listener", folder) ?? listener
    state = try table.path("state", folder) ?? state
    runtime = try table.path("runtime", folder) ?? runtime
  }
}

extension AgentConfiguration.Process {
  fileprivate mutating func read(_ table: StrictTable, _ folder: String) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ConfigurationReference.process.names)
    if let name = try table.userName("listener_user") { (listenerUser, signerUser) = (name, nil) }
    signerUser = try table.userName("signer_user") ?? signerUser
    logFile = try table.path("log_file", folder) ?? logFile
    logLevel = try table.choice("log_level") ?? logLevel
    logFormat = try table.choice("log_format") ?? logFormat
    auditLog = try table.auditLog("audit_log") ?? auditLog
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
    try table.refuseUnknown(besides: ConfigurationReference.tls.names)
    crlExpired = try table.choice("crl_expired") ?? crlExpired
    if let seconds = try table.integer("crl_refresh", in: 0...21_600) {
      guard seconds == 0 || seconds >= 10 else {
        throw table.error("crl_refresh", "crl_refresh must be 0 or 10 to 21600, not \(seconds)")
      }
      crlRefresh = seconds
    }
  }
}

extension AgentConfiguration.Jobs {
  /// The maximum number of pools: every answer to `GET /v1/agent` contains all of them.
  static let maximumPools = 100

  fileprivate mutating func read(_ table: StrictTable) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ConfigurationReference.jobs.names + ["pools", "limits"])
    maxRunning = try table.integer("max_running", in: 1...10_000) ?? maxRunning
    maxQueued = try table.integer("max_queued", in: 0...1_000_000) ?? maxQueued
    if let user = try table.userName("default_user") { (defaultUser, isDefaultUserNamed) = (user, true) }
    outputLimit = try table.integer("output_limit", in: 0...Int.max) ?? outputLimit
    controlGroups = try table.controlGroups("cgroup") ?? controlGroups
    diskFloor = try table.integer("disk_floor", in: 0...Int.max) ?? diskFloor
    // 0 means no limit: no one who wants to keep nothing asks for output afterwards.
    func limit(_ key: String, _ most: Int, _ value: Int?) throws(ConfigurationError) -> Int? {
      guard let number = try table.integer(key, in: 0...most) else { return value }
      return number == 0 ? nil : number
    }
    kept.days = try limit("keep_days", 36_500, kept.days)
    kept.count = try limit("keep_count", Int.max, kept.count)
    kept.bytes = try limit("keep_bytes", Int.max, kept.bytes)
    if let table = try table.table("pools") { pools = try Self.pools(table) }
    inputLimit = try table.integer("input_limit", in: 0...JobRequest.Limits.inputBytes) ?? inputLimit
    umask = try table.octal("umask") ?? umask
    leaveProcesses = try table.boolean("leave_processes") ?? leaveProcesses
    loginShellRequired = try table.boolean("login_shell_required") ?? loginShellRequired
    if let limits = try table.table("limits") { processLimits = try limits.processLimits() }
  }

  private static func pools(_ table: StrictTable) throws(ConfigurationError) -> [String: Int] {
    var pools: [String: Int] = [:]
    for name in table.keys {
      guard JobRequest.isPoolName(name) else {
        throw table.error(
          name, "a pool's name has 1 to 64 letters, digits, dots, hyphens or underscores, not \(quoted(name))")
      }
      guard let pool = try table.table(name) else {
        // Its table was wrong, which has been said: those who name the pool are right.
        pools[name] = 1
        continue
      }
      try pool.refuseUnknown(besides: ConfigurationReference.pool.names)
      guard let most = try pool.integer("max_running", in: 1...10_000) else {
        throw pool.error(
          "max_running", "pool \(name) needs max_running, the maximum number of its jobs that run at once")
      }
      pools[name] = most
    }
    if pools.count > maximumPools {
      throw table.error(table.keys[0], "at most \(maximumPools) pools are allowed, not \(pools.count)")
    }
    return pools
  }
}

extension StrictTable {
  /// Returns an absolute path; a relative one is resolved against `folder`.
  fileprivate func path(_ key: String, _ folder: String) throws(ConfigurationError) -> String? {
    guard let path = try string(key) else { return nil }
    if path.isEmpty { throw error(key, "\(key) must be a path, not an empty string") }
    return Path.resolve(path, relativeTo: folder)
  }

  /// Returns one of the cases of `Choice`.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String
  ) throws(ConfigurationError) -> Choice? where Choice.RawValue == String {
    guard let name = try string(key) else { return nil }
    if let choice = Choice(rawValue: name) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    let hint = nearestWord(to: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    throw error(key, "\(key) must be one of \(known.joined(separator: ", ")), not \(quoted(name))\(hint)")
  }

  fileprivate func auditLog(_ key: String) throws(ConfigurationError) -> AgentConfiguration.AuditPlace? {
    switch try string(key) {
    case nil: return nil
    case "log": return .log
    case "syslog": return .syslog
    case let path? where path.begins(with: "/") && path != "/": return .file(path)
    case let path?: throw error(key, "\(key) must be \"log\", \"syslog\" or an absolute path, not \(quoted(path))")
    }
  }

  fileprivate func controlGroups(_ key: String) throws(ConfigurationError) -> AgentConfiguration.ControlGroups? {
    switch try string(key) {
    case nil: return nil
    case "auto": return .auto
    case "off": return .off
    case let path? where path.begins(with: "/") && path != "/": return .folder(path)
    case let path?: throw error(key, "\(key) must be \"auto\", \"off\" or an absolute path, not \(quoted(path))")
    }
  }

  func userName(_ key: String) throws(ConfigurationError) -> String? {
    guard let name = try string(key) else { return nil }
    if !isAccountName(name) { throw error(key, "\(key) must be the name of a user, not \(quoted(name))") }
    return name
  }

  /// Returns whether passwd(5) and group(5) can contain the name.
  func isAccountName(_ name: String) -> Bool {
    (1...256).contains(name.utf8.count) && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != 0x3a }
  }
}

private func isNameCharacter(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
  default: false
  }
}
