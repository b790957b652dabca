import AgentProtocol
import Wording

extension ClientTable {
  /// Reads all `[[client]]` tables, in order.
  ///
  /// - Parameter pools: the pools that `pool` may name.
  static func all(_ root: StrictTable, pools: [String: Int]) throws(ConfigurationError) -> [ClientTable] {
    let tables = try root.tables("client") ?? []
    if tables.count > maximumCount {
      throw root.error("client", "at most \(maximumCount) tables [[client]] are allowed, not \(tables.count)")
    }
    return try tables.map { table throws(ConfigurationError) in try ClientTable(table, pools) }
  }

  private init(_ table: StrictTable, _ pools: [String: Int]) throws(ConfigurationError) {
    try table.refuseUnknown(besides: ConfigurationReference.client.names)
    guard let text = try table.string("certificate") else {
      throw table.error("certificate", "certificate is missing: it says which client the table is for")
    }
    switch ClientPattern.read(text) {
    case .success(let pattern): self.init(line: table.line, certificate: pattern)
    case .failure(let fault): throw table.error("certificate", "certificate \(quoted(text)) \(fault.text)")
    }
    users = try table.names("users") ?? users
    allowRoot = try table.boolean("allow_root") ?? allowRoot
    groups = try table.names("groups") ?? groups
    commands = try table.patterns("commands") ?? commands
    environment = try table.variables("environment") ?? environment
    leaveProcesses = try table.boolean("leave_processes") ?? leaveProcesses
    jobs = try table.choice("jobs") ?? jobs
    readOnly = try table.boolean("read_only") ?? readOnly
    pool = try table.string("pool")
    if let pool, pools[pool] == nil {
      let hint = nearestWord(to: pool, among: pools.keys.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
      throw table.error("pool", "pool \(quoted(pool)) is not in [jobs.pools]\(hint)")
    }
    defaultUser = try table.userName("default_user")
    try checkUsers(table)
  }

  private func checkUsers(_ table: StrictTable) throws(ConfigurationError) {
    if users?.containsSame(as: "root") == true, !allowRoot {
      throw table.error("users", "users names root, which also needs allow_root = true")
    }
    guard let defaultUser else { return }
    if let users, !users.containsSame(as: defaultUser) {
      throw table.error("default_user", "default_user \(quoted(defaultUser)) is not among the users of the table")
    }
    if defaultUser.isSame(as: "root"), !allowRoot {
      throw table.error("default_user", "default_user is root, which also needs allow_root = true")
    }
  }
}

extension StrictTable {
  /// Returns names of users or groups.
  fileprivate func names(_ key: String) throws(ConfigurationError) -> [String]? {
    guard let names = try list(key) else { return nil }
    if let name = names.first(where: { !isAccountName($0) }) {
      throw error(key, "\(key) must hold names of users or groups, not \(quoted(name))")
    }
    return names
  }

  fileprivate func patterns(_ key: String) throws(ConfigurationError) -> [ProgramPattern]? {
    guard let texts = try list(key) else { return nil }
    return try texts.map { text throws(ConfigurationError) in
      if let pattern = ProgramPattern(text) { return pattern }
      throw error(
        key, "\(key) must hold patterns of absolute paths without . and .., such as \"/usr/bin/*\", not \(quoted(text))"
      )
    }
  }

  fileprivate func variables(_ key: String) throws(ConfigurationError) -> [VariablePattern]? {
    guard let texts = try list(key) else { return nil }
    return try texts.map { text throws(ConfigurationError) in
      if let pattern = VariablePattern(text) { return pattern }
      throw error(
        key, "\(key) must be names of variables, or beginnings such as \"LC_*\", not \(quoted(text))")
    }
  }

  private func list(_ key: String) throws(ConfigurationError) -> [String]? {
    guard let texts = try strings(key) else { return nil }
    if texts.count > ClientTable.maximumCount {
      throw error(key, "\(key) can have at most \(ClientTable.maximumCount) elements, not \(texts.count)")
    }
    return texts
  }
}
