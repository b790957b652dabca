import AgentProtocol
import Glibc
import JobLaunch

/// Who may run what as whom. Everything that lets a job run asks here.
///
/// Any client that the listener let in may run jobs as any user but root; where agentd is not root, as its own user only.
struct JobPolicy {
  /// The user of a job that names none, when started as root.
  var defaultUser: String
  /// Whether this process is root.
  let isRoot: Bool
  /// The name of this process's own user.
  let ownUser: String

  /// The policy of this process.
  static func ofThisProcess(defaultUser: String) -> JobPolicy {
    let ownUser = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(geteuid())"
    return JobPolicy(defaultUser: defaultUser, isRoot: geteuid() == 0, ownUser: ownUser)
  }

  /// The user that a job will run as.
  ///
  /// - Throws: `Problem` of kind `.forbidden`. A user that does not exist is no matter of policy: the job cannot be started.
  func user(for job: JobRequest) throws(Problem) -> String {
    guard isRoot else {
      guard job.user == nil || job.user == ownUser else {
        throw Problem(.forbidden, "this agent runs as \(ownUser) and can run jobs as no other user")
      }
      return ownUser
    }
    let user = job.user ?? defaultUser
    try check(user, group: job.group)
    return user
  }

  /// Who the job runs as, in numbers, at the moment of its start; what was allowed when it was submitted is checked again.
  func account(_ user: String, group: String?) throws(LaunchRefusal) -> Account {
    let account = try Account.resolve(isRoot ? user : nil, group: group)
    do throws(Problem) {
      if isRoot { try check(user, group: group) }
    } catch {
      throw LaunchRefusal(error.detail)
    }
    return account
  }

  private func check(_ user: String, group: String?) throws(Problem) {
    guard let own = try? Account.resolve(user) else { return }
    if own.isRoot { throw Problem(.forbidden, "jobs are not run as root") }
    guard let group, let asked = try? Account.resolve(user, group: group) else { return }
    guard asked.group == own.group || own.groups.contains(asked.group) else {
      throw Problem(.forbidden, "user \(user) is no member of group \(group)")
    }
  }
}
