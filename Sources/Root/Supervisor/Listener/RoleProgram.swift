import AgentConfiguration
import AgentLogging
import CLinux
import Glibc
import SigningLink
import SystemCalls

/// What agentd's executable is started as, by itself. The raw value is the first argument, by which the executable knows
/// its role, and the title in ps(1).
public enum Role: String, Sendable {
  /// Speaks with the network.
  case listener = "agentd: listener"
  /// Has the listener's private key and signs with it.
  case signer = "agentd: signer"

  /// The descriptor on which a role finds its socket: the listener its link, the signer its signing socket.
  public static let socket: Int32 = 3
}

/// How a process of another role is started from this executable.
struct RoleProgram {
  let role: Role
  /// The executable, which is agentd's own.
  var path = "/proc/self/exe"
  /// Whom the process runs as; `nil` for the same user as the supervisor.
  var account: ListenerAccount?
  /// Descriptors that it may have open.
  let descriptorLimit: Int
  /// The whole environment, each `NAME=value`.
  var environment: [String]

  init(_ role: Role, _ material: ServingMaterial) {
    self.role = role
    account = material.account
    descriptorLimit =
      switch role {
      case .listener: max(65536, OpenFileLimit.needed(by: material.configuration.limits))
      case .signer: 16
      }
    // Nothing of our own environment: it may hold secrets, and names like OPENSSL_CONF would steer the process.
    environment = [
      "\(LogStart.levelVariable)=\(material.configuration.process.logLevel.rawValue)",
      "\(LogStart.formatVariable)=\(material.configuration.process.logFormat.rawValue)",
      // On a crash Swift's runtime would start a program that reads the process's memory, which the sandbox ends with a
      // signal other than the one that tells what happened.
      "SWIFT_BACKTRACE=enable=no",
      // A handshake is thousands of small allocations, made and given back at once; by default glibc keeps only seven of each
      // size at hand in each thread. A glibc that does not know a tunable ignores it.
      "GLIBC_TUNABLES=glibc.malloc.tcache_count=64",
    ]
    if let stream = getenv("JOURNAL_STREAM") { environment.append("JOURNAL_STREAM=\(String(cString: stream))") }
  }

  /// Starts the program with `socket` on descriptor 3; see clinux_spawn_role.
  func start(socket: FileDescriptor) throws(SystemError) -> ProcessHandle {
    let argumentArray = CStringArray([role.rawValue].map(\.utf8))
    let environmentArray = CStringArray(environment.map(\.utf8))
    var failedCall: UnsafePointer<CChar>?
    let child = path.withCString { path in
      var spawn = clinux_role_spawn(
        path: path, arguments: argumentArray.pointer, environment: environmentArray.pointer, socket: socket.raw,
        change_user: account == nil ? 0 : 1, user: account?.user ?? 0, group: account?.group ?? 0,
        descriptor_limit: UInt(descriptorLimit))
      return clinux_spawn_role(&spawn, &failedCall)
    }
    guard child > 0 else { throw SystemError.last(failedCall.map { String(cString: $0) } ?? "fork", role.rawValue) }
    // The number cannot be another's: the child is not waited for before the handle exists.
    return try ProcessHandle(child)
  }
}

/// A listener and its signer, just started.
struct LaunchedListener {
  /// The listener.
  let process: ProcessHandle
  /// Our end of its link.
  let link: FileDescriptor
  /// The process that signs for it.
  let signer: ProcessHandle
  /// The listener's ends of the signing link, to be handed over.
  let signing: [FileDescriptor]

  /// Starts both for `material`.
  static func launch(_ material: ServingMaterial) throws(SystemError) -> LaunchedListener {
    let first = try SigningLink.pair()
    var pairs = [first]
    while pairs.count < SigningLink.pairsOfHost { pairs.append(try SigningLink.pair()) }
    let signer = try RoleProgram(.signer, material).start(socket: first.signer)
    do throws(SystemError) {
      // All signers read from the one open file description, each from its beginning.
      lseek(material.key.raw, 0, SEEK_SET)
      try SigningLink.send(key: material.key, others: pairs.dropFirst().map(\.signer), over: first.listener)
      let (ours, theirs) = try FileDescriptor.socketPair()
      let process = try RoleProgram(.listener, material).start(socket: theirs)
      return LaunchedListener(process: process, link: ours, signer: signer, signing: pairs.map(\.listener))
    } catch {
      signer.killAndWait()
      throw error
    }
  }
}

extension ProcessHandle {
  /// Ends a child that nobody watches yet: SIGKILL does not take long.
  func killAndWait() {
    try? send(SIGKILL)
    waitpid(processID, nil, 0)
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
        hint: "create it with: useradd --system --no-create-home --shell /usr/sbin/nologin \(name)")
    }
    guard entry.pointee.pw_uid != 0 else {
      throw StartFailure(
        EX_CONFIG, "listener_user: \(name) is root, but the listener must not run as root",
        hint: "name another user in [process] listener_user")
    }
    return ListenerAccount(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
  }
}
