import CLinux
import Glibc
import SupervisorLink
import SystemCalls

extension Resolver {
  /// Starts this executable as the resolver.
  ///
  /// - Parameter account: the user to run as, one of agentd's own; `nil` for the user of this process. A process that talks to a directory
  ///   must have no right of root's except to read shadow(5).
  static func launch(
    as account: RoleOrder.Account?
  ) throws(SystemError) -> (process: ProcessHandle, socket: FileDescriptor) {
    let (ours, theirs) = try FileDescriptor.socketPair()
    let identity = account.map { ["\($0.user)", "\($0.group)"] } ?? []
    let standardError = FileDescriptor(owning: try checked("fcntl") { fcntl(2, F_DUPFD_CLOEXEC, 3) })
    var program = Program(
      "/proc/self/exe", arguments: [ResolverProcess.title] + identity, descriptors: [nil, nil, standardError, theirs])
    program.directory = "/"
    // A crash must look like one: Swift's runtime would try to start a program that reads this process's memory.
    let environment = processEnvironment().filter { $0.key != "SWIFT_BACKTRACE" }.map { "\($0.key)=\($0.value)" }
    program.environment = environment + ["SWIFT_BACKTRACE=enable=no"]
    // Signals that a terminal sends to agentd in the foreground must not reach it.
    program.newSession = true
    return (try program.start(), ours)
  }
}

extension ResolverProcess {
  /// Switches to this user and group, and of root's rights keeps only the group that may read shadow(5).
  ///
  /// If no group may read it, the supervisor looks there itself; see `Resolver`.
  static func become(_ user: uid_t, _ group: gid_t) throws(SystemError) {
    var groups = shadowGroup.map { [$0] } ?? []
    try checked("setgroups") { setgroups(groups.count, &groups) }
    try checked("setgid") { setgid(group) }
    try checked("setuid") { setuid(user) }
  }

  /// The group that may read shadow(5), as Debian has one; `nil` if only root may, as on Fedora.
  static var shadowGroup: gid_t? {
    var status = stat()
    let isReadable = stat("/etc/shadow", &status) == 0 && status.st_mode & 0o040 != 0 && status.st_gid != 0
    return isReadable ? status.st_gid : nil
  }
}
