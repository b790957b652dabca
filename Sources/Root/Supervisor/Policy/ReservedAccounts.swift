import Glibc
import JobLaunch
import SupervisorLink

/// The accounts of agentd's own processes, by number.
///
/// No job ever runs as one of them, whoever asks and by whatever name: it could read the memory of the process that has the key, and act as
/// the listener.
struct ReservedAccounts: Equatable {
  private(set) var users: Set<uid_t>
  private(set) var groups: Set<gid_t>

  /// Reserves the accounts of these processes. There are none if agentd is not root: everything runs as its own user.
  init(_ accounts: [RoleOrder.Account] = []) {
    users = Set(accounts.map(\.user))
    // Many system users have this group because they have no other, and nothing is ever granted to it.
    groups = Set(accounts.map(\.group)).subtracting([Self.nogroup])
  }

  /// Reserves these as well: processes of before a reload may still run as the accounts of before.
  mutating func add(_ others: ReservedAccounts) {
    users.formUnion(others.users)
    groups.formUnion(others.groups)
  }

  /// Returns why no job may run as this account; `nil` if one may.
  func problem(of account: Account) -> String? {
    if users.contains(account.user) { return "jobs are not run as user \(account.name): agentd itself runs as it" }
    guard let group = ([account.group] + account.groups).first(where: groups.contains) else { return nil }
    return "jobs are not run with group \(group): agentd itself runs with it"
  }

  private static let nogroup: gid_t = 65534
}
