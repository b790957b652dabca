import AgentConfiguration
import Glibc
import Wording

/// Finds users in agentd.toml that are valid but do not keep clients apart, or can only be refused.
struct RiskyUsers {
  /// The maximum number of lines about shared users.
  private static let most = 8

  private let configuration: AgentConfiguration
  private let reserved: ReservedAccounts
  private let numberOf: (String) -> uid_t?

  /// - Parameter numberOf: returns the user ID of a name, as far as it is known.
  init(_ configuration: AgentConfiguration, _ reserved: ReservedAccounts, numberOf: @escaping (String) -> uid_t?) {
    self.configuration = configuration
    self.reserved = reserved
    self.numberOf = numberOf
  }

  /// Returns the users that the file names for jobs, each once.
  static func names(in configuration: AgentConfiguration) -> [String] {
    let all = [configuration.jobs.defaultUser] + configuration.clients.flatMap { Self.users(of: $0) ?? [] }
    var seen: Set<[UInt8]> = []
    return all.filter { seen.insert(Array($0.utf8)).inserted }
  }

  /// One line for each user that is named for jobs although agentd itself runs as it: such jobs are refused.
  var ownUsers: [String] {
    var faults: [String] = []
    if isOwn(configuration.jobs.defaultUser), configuration.jobs.isDefaultUserNamed {
      faults.append("default_user \(configuration.jobs.defaultUser) of [jobs] \(Self.isAgentds)")
    }
    for table in configuration.clients {
      for user in Self.users(of: table) ?? [] where isOwn(user) {
        faults.append("user \(user) of the table [[client]] in line \(table.line) \(Self.isAgentds)")
      }
    }
    return faults
  }

  private static let isAgentds = "is one that agentd itself runs as, and gets no jobs; name another"

  /// What may surprise, one line each.
  var warnings: [String] {
    var lines = sharedUsers
    let (user, isNamed) = (configuration.jobs.defaultUser, configuration.jobs.isDefaultUserNamed)
    if isOwn(user), !isNamed {
      lines.append(
        "jobs that name no user are refused: \(user) is a user that agentd itself runs as; set default_user of [jobs], or another "
          + "listener_user")
    } else if user.isSame(as: AgentConfiguration.Jobs.otherDefaultUser), !isNamed {
      lines.append(
        "jobs that name no user run as \(user), because agentd itself runs as nobody; set default_user of [jobs], or another "
          + "listener_user")
    }
    return lines
  }

  /// One line for each table, or pair of tables, whose clients should be kept apart although their jobs may run as one user.
  ///
  /// Jobs of one user can read and change each other's data.
  private var sharedUsers: [String] {
    let tables = configuration.clients.filter { !$0.readOnly }
    var lines: [String] = []
    for (index, table) in tables.enumerated() {
      if table.jobs == .own, table.certificate == .any {
        lines.append(
          "the table [[client]] in line \(table.line) is for every client: their jobs may run as one user, and can reach each "
            + "other, although each client sees its own alone")
      }
      for other in tables[(index + 1)...] where table.jobs == .own || other.jobs == .own {
        guard let user = commonUser(table, other) else { continue }
        if lines.count >= Self.most { return lines + ["and further tables [[client]] share users"] }
        lines.append(
          "the tables [[client]] in lines \(table.line) and \(other.line) may run jobs as one user (\(user)): those can reach each "
            + "other; give each of them users of its own")
      }
    }
    return lines
  }

  /// Returns a user of both tables, in words; `nil` if there is none.
  private func commonUser(_ table: ClientTable, _ other: ClientTable) -> String? {
    switch (table.users, other.users) {
    case (nil, nil): return "any"
    case (let users?, nil), (nil, let users?): return users.first
    case (let users?, let others?):
      let known = Set(others.map(identity))
      return users.first { known.contains(identity($0)) }
    }
  }

  /// Returns the same identity for two names of one user ID.
  private func identity(_ user: String) -> [UInt8] { numberOf(user).map { Array("#\($0)".utf8) } ?? Array(user.utf8) }

  private func isOwn(_ user: String) -> Bool { numberOf(user).map(reserved.users.contains) ?? false }

  private static func users(of table: ClientTable) -> [String]? {
    table.users ?? table.defaultUser.map { [$0] }
  }
}
