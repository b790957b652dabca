import AgentConfiguration
import Glibc
import JobLaunch
import SupervisorLink

/// The users that listener and signer run as.
struct RoleAccounts: Equatable {
  let listener: RoleOrder.Account
  let signer: RoleOrder.Account
  /// The name of the signer's user.
  private let signerName: String

  /// Returns the names to look up.
  static func names(_ process: AgentConfiguration.Process) -> [String] {
    [process.listenerUser, process.signerUser ?? AgentConfiguration.Process.defaultSignerUser]
  }

  /// Looks up the users synchronously.
  static func resolve(_ process: AgentConfiguration.Process) throws(StartFailure) -> RoleAccounts {
    try RoleAccounts(process) { LookUp(user: $0).answer() }
  }

  /// - Parameter found: returns what is known of the user with a given name.
  /// - Throws: `StartFailure` with the commands that create missing users.
  init(_ process: AgentConfiguration.Process, _ found: (String) -> Found) throws(StartFailure) {
    let listenerName = process.listenerUser
    var signerName = process.signerUser ?? AgentConfiguration.Process.defaultSignerUser
    let looked = try [listenerName, signerName].map { name throws(StartFailure) in
      let found = found(name)
      if found.isLate { throw StartFailure(EX_TEMPFAIL, found.refusal ?? "user \(name) was not looked up in time") }
      return found.account
    }
    let listener = looked[0]
    var signer = looked[1]
    if process.signerUser == nil, signer == nil { (signerName, signer) = (listenerName, listener) }
    let wanted = [("listener_user", listenerName, listener), ("signer_user", signerName, signer)]
    if let root = wanted.first(where: { $0.2?.isRoot == true }) {
      throw StartFailure(
        EX_CONFIG, "\(root.0): \(root.1) is root, but listener and signer must not run as root",
        hint: "name another user in [process] \(root.0)")
    }
    guard let listener, let signer else {
      throw .missing(users: wanted.filter { $0.2 == nil }.map { ($0.0, $0.1) })
    }
    self.listener = RoleOrder.Account(user: listener.user, group: listener.group)
    self.signer = RoleOrder.Account(user: signer.user, group: signer.group)
    self.signerName = signerName
  }

  func account(of role: Role) -> RoleOrder.Account {
    switch role {
    case .listener: listener
    case .signer: signer
    }
  }

  /// What is given up if both are the same user; `nil` if they are not.
  var warning: String? {
    guard listener.user == signer.user else { return nil }
    return
      "the signer runs as \(signerName), the listener's user: only the sandbox keeps the private key from who takes over the "
      + "listener; name another user in [process] signer_user"
  }
}

extension StartFailure {
  /// - Parameter users: the missing users, each with the key that names it.
  fileprivate static func missing(users: [(key: String, name: String)]) -> StartFailure {
    var named: [(key: String, name: String)] = []
    for user in users where !named.contains(where: { $0.name == user.name }) { named.append(user) }
    let names = named.map(\.name)
    let commands = names.map { "useradd --system --no-create-home --shell /usr/sbin/nologin \($0)" }
    // Those that the installation creates; sysusers.d(5).
    let brought = names.allSatisfy { ["agentd", AgentConfiguration.Process.defaultSignerUser].contains($0) }
    return StartFailure(
      EX_CONFIG, named.map { "\($0.key): there is no user \($0.name)" }.joined(separator: ", "),
      hint: "run: \(brought ? "systemd-sysusers, or " : "")\(commands.joined(separator: " && "))")
  }
}
