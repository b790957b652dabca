import AgentLogging
import CLinux
import Glibc
import SystemCalls

/// How a listener process is started.
struct ListenerProgram {
  /// Descriptors that a listener may have open: one a connection, and one an output stream.
  static let descriptorLimit: UInt = 65536

  /// The executable, which is agentd's own.
  var path = "/proc/self/exe"
  /// Whom the listener runs as; `nil` for the same user as the supervisor.
  var account: ListenerAccount?
  /// The whole environment, each `NAME=value`.
  var environment: [String]

  /// Starts the program that serves with `material`.
  ///
  /// - Returns: the process, and our end of its link.
  static func launch(_ material: ServingMaterial) throws(SystemError) -> (ProcessHandle, link: FileDescriptor) {
    // Nothing of our own environment: it may hold secrets, and names like OPENSSL_CONF would steer the listener.
    var environment = ["\(LogStart.levelVariable)=\(material.configuration.process.logLevel.rawValue)"]
    if let stream = getenv("JOURNAL_STREAM") { environment.append("JOURNAL_STREAM=\(String(cString: stream))") }
    let program = ListenerProgram(account: material.account, environment: environment)
    let (ours, theirs) = try FileDescriptor.socketPair()
    return (try program.start(link: theirs), ours)
  }

  /// Starts the program with `link` on descriptor 3; see clinux_spawn_listener.
  func start(link: FileDescriptor) throws(SystemError) -> ProcessHandle {
    let argumentArray = CStringArray([Supervisor.listenerTitle].map(\.utf8))
    let environmentArray = CStringArray(environment.map(\.utf8))
    var failedCall: UnsafePointer<CChar>?
    let child = path.withCString { path in
      var spawn = clinux_listener_spawn(
        path: path, arguments: argumentArray.pointer, environment: environmentArray.pointer, link: link.raw,
        change_user: account == nil ? 0 : 1, user: account?.user ?? 0, group: account?.group ?? 0,
        descriptor_limit: Self.descriptorLimit)
      return clinux_spawn_listener(&spawn, &failedCall)
    }
    guard child > 0 else { throw SystemError.last(failedCall.map { String(cString: $0) } ?? "fork", "listener") }
    // The number cannot be another's: the child is not waited for before the handle exists.
    return try ProcessHandle(child)
  }
}

/// The user that a listener runs as.
struct ListenerAccount: Equatable {
  let user: uid_t
  let group: gid_t

  /// Looks the user up.
  ///
  /// - Throws: `StartFailure` with the command that makes the user.
  static func resolve(_ name: String) throws(StartFailure) -> ListenerAccount {
    errno = 0
    guard let entry = getpwnam(name) else {
      throw StartFailure(
        EX_CONFIG,
        "listener_user: there is no user \(name)\(errno == 0 ? "" : " (\(String(cString: strerror(errno))))")",
        hint: "make it with: useradd --system --no-create-home --shell /usr/sbin/nologin \(name)")
    }
    guard entry.pointee.pw_uid != 0 else {
      throw StartFailure(
        EX_CONFIG, "listener_user: \(name) is root, from whom the listener is to be kept apart",
        hint: "name a user of its own for it in [process] listener_user")
    }
    return ListenerAccount(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
  }
}
