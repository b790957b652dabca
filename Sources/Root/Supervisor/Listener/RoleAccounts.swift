import AgentConfiguration
import Glibc
import SupervisorLink

/// Whom listener and signer run as.
struct RoleAccounts: Equatable {
  let listener: RoleOrder.Account
  let signer: RoleOrder.Account
  /// The signer's user as it was asked for.
  private let signerName: String

  /// Looks the users up.
  ///
  /// - Throws: `StartFailure` with the commands that make those that are missing.
  static func resolve(_ process: AgentConfiguration.Process) throws(StartFailure) -> RoleAccounts {
    let listenerName = process.listenerUser
    var signerName = process.signerUser ?? AgentConfiguration.Process.defaultSignerUser
    if process.signerUser == nil, account(of: signerName) == nil { signerName = listenerName }
    let wanted = [("listener_user", listenerName), ("signer_user", signerName)]
    let missing = wanted.filter { account(of: $0.1) == nil }
    if !missing.isEmpty { throw .missing(users: missing) }
    if let root = wanted.first(where: { account(of: $0.1)?.user == 0 }) {
      throw StartFailure(
        EX_CONFIG, "\(root.0): \(root.1) is root, but listener and signer must not run as root",
        hint: "name another user in [process] \(root.0)")
    }
    guard let listener = account(of: listenerName), let signer = account(of: signerName) else {
      throw .missing(users: wanted)
    }
    return RoleAccounts(listener: listener, signer: signer, signerName: signerName)
  }

  func account(of role: Role) -> RoleOrder.Account {
    switch role {
    case .listener: listener
    case .signer: signer
    }
  }

  /// What is given up where both are one user; `nil` where they are not.
  var warning: String? {
    guard listener.user == signer.user else { return nil }
    return
      "the signer runs as \(signerName), the listener's user: only the sandbox keeps the private key from who takes over the "
      + "listener; name another user in [process] signer_user"
  }

  private static func account(of name: String) -> RoleOrder.Account? {
    getpwnam(name).map { RoleOrder.Account(user: $0.pointee.pw_uid, group: $0.pointee.pw_gid) }
  }
}

extension StartFailure {
  /// - Parameter users: each with the key that names it.
  fileprivate static func missing(users: [(key: String, name: String)]) -> StartFailure {
    var named: [(key: String, name: String)] = []
    for user in users where !named.contains(where: { $0.name == user.name }) { named.append(user) }
    let names = named.map(\.name)
    let commands = names.map { "useradd --system --no-create-home --shell /usr/sbin/nologin \($0)" }
    // What the installation brings for them; sysusers.d(5).
    let brought = names.allSatisfy { ["agentd", AgentConfiguration.Process.defaultSignerUser].contains($0) }
    return StartFailure(
      EX_CONFIG, named.map { "\($0.key): there is no user \($0.name)" }.joined(separator: ", "),
      hint: "run: \(brought ? "systemd-sysusers, or " : "")\(commands.joined(separator: " && "))")
  }
}
