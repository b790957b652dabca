import AgentLogging
import CLinux
import Glibc
import Logging
import Sandbox
import SupervisorLink
import SystemCalls

/// The start of a process with a role: root has executed it, and it drops root's privileges itself.
public enum RoleStart {
  /// Takes on the role that the first argument names, following the supervisor's order. Call it first, while there is only one thread.
  ///
  /// - Returns: the role and its socket. On failure the process exits.
  public static func begin() -> (role: Role, socket: FileDescriptor) {
    guard let role = CommandLine.arguments.first.flatMap(Role.init) else { end(EX_USAGE, "agentd starts this program") }
    do {
      try become(role)
      return (role, FileDescriptor(owning: Role.socket))
    } catch RoleOrder.Fault.otherBuild {
      // The supervisor reports it.
      exit(Build.otherBuildExit)
    } catch is RoleOrder.Fault {
      end(EX_USAGE, "agentd starts this program, with an order on descriptor \(Role.order)")
    } catch {
      end(EX_OSERR, "\(error)")
    }
  }

  /// Does everything that must precede the first read from the socket, in the required order.
  ///
  /// The rest, landlock and the list of system calls, is `Confinement`: the role enters it once it has read its files, before the first
  /// byte from a stranger.
  private static func become(_ role: Role) throws {
    // Only root can inspect root's processes. From here on only root can inspect this one, whichever user it runs as.
    try checked("prctl") { clinux_forbid_dumps() }
    let order = try RoleOrder.take()
    clinux_close_from(UInt32(Role.socket) + 1)
    clinux_set_name(role.processName)
    try limitResources(order.descriptorLimit)
    if let account = order.account { try change(to: account) }
    // The change of user has set it to fs.suid_dumpable, which is not 0 everywhere.
    try checked("prctl") { clinux_forbid_dumps() }
    try dieWithParent(order.parent)
    try checked("prctl") { clinux_forbid_new_privileges() }
    try checked("capset") { clinux_drop_capabilities() }
  }

  /// Changes to `account`: groups, group, user. In another order the right to do the next step would be lost; setuid(2).
  ///
  /// Between setresuid(2) and the following prctl(2), the process belongs to its new user and is as dumpable as fs.suid_dumpable says; if
  /// that is 1, every process of that user may trace it. So it keeps its capabilities until then: a process that lacks one of them may not
  /// trace it (ptrace(2), "Ptrace access mode checking").
  private static func change(to account: RoleOrder.Account) throws(SystemError) {
    // Only root can do this, and afterwards no execve(2) brings a capability back.
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

  /// Called after the change of user, which would clear this setting; PR_SET_PDEATHSIG(2const).
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
