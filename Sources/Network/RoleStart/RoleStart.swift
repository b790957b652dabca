import AgentLogging
import CLinux
import Glibc
import Logging
import Sandbox
import SupervisorLink
import SystemCalls

/// How a process with a role begins: root has executed it, and it gives that up itself.
public enum RoleStart {
  /// Becomes what the first argument names, as the supervisor's order says. To be called first of all, with only one thread.
  ///
  /// - Returns: the role, and its socket. What cannot be begun ends the process.
  public static func begin() -> (role: Role, socket: FileDescriptor) {
    guard let role = CommandLine.arguments.first.flatMap(Role.init) else { end(EX_USAGE, "agentd starts this program") }
    do {
      try become(role)
      return (role, FileDescriptor(owning: Role.socket))
    } catch RoleOrder.Fault.otherBuild {
      // The supervisor says it.
      exit(Build.otherBuildExit)
    } catch is RoleOrder.Fault {
      end(EX_USAGE, "agentd starts this program, with an order on descriptor \(Role.order)")
    } catch {
      end(EX_OSERR, "\(error)")
    }
  }

  /// Everything that comes before the process reads from its socket, in the order on which it depends. What is left, landlock and
  /// the list of system calls, is `Confinement`: the role enters it when it has read its files, before a stranger's first byte.
  private static func become(_ role: Role) throws {
    // Only root can look into root's processes. From here on only root can look into this one, whosever it is.
    try checked("prctl") { clinux_forbid_dumps() }
    let order = try RoleOrder.take()
    closefrom(Role.socket + 1)
    clinux_set_name(role.processName)
    try limitResources(order.descriptorLimit)
    if let account = order.account { try change(to: account) }
    // The change has set it to fs.suid_dumpable, which is not 0 everywhere.
    try checked("prctl") { clinux_forbid_dumps() }
    try dieWithParent(order.parent)
    try checked("prctl") { clinux_forbid_new_privileges() }
    try checked("capset") { clinux_drop_capabilities() }
  }

  /// Groups, group, user: the other way round the right to do the next is gone; setuid(2).
  ///
  /// Between setresuid(2) and the prctl(2) that follows, the process is its new user's and as dumpable as fs.suid_dumpable says: with 1
  /// open to every process of that user. So it keeps its capabilities that long, and whoever lacks one of them may not trace it
  /// (ptrace(2), "Ptrace access mode checking").
  private static func change(to account: RoleOrder.Account) throws(SystemError) {
    // Only root can, and no execve(2) brings a capability back then.
    Confinement.emptyBoundingSet()
    try checked("prctl") { clinux_keep_capabilities() }
    try checked("setgroups") { clinux_leave_groups() }
    try checked("setresgid") { clinux_become_group(account.group) }
    try checked("setresuid") { clinux_become_user(account.user) }
    try checked("identity check") { clinux_is_only(account.user, account.group) }
  }

  private static func limitResources(_ descriptors: Int) throws(SystemError) {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    try checked("setrlimit") { setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) }
    var files = rlimit()
    try checked("getrlimit") { getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) }
    files.rlim_cur = min(rlim_t(max(0, descriptors)), files.rlim_max)
    try checked("setrlimit") { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) }
  }

  /// After the change of user, which would clear it; PR_SET_PDEATHSIG(2const).
  private static func dieWithParent(_ parent: pid_t) throws(SystemError) {
    try checked("prctl") { clinux_die_with_parent() }
    if getppid() != parent { throw SystemError("getppid", code: ESRCH) }
  }

  private static func end(_ exitCode: Int32, _ reason: String) -> Never {
    LogStart.bootstrap(level: .critical)
    Logger(label: "agentd.network").critical("agentd-network: \(reason)")
    exit(exitCode)
  }
}
