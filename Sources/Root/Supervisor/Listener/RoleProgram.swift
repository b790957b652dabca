import AgentConfiguration
import AgentLogging
import CLinux
import Glibc
import SigningLink
import SupervisorLink
import SystemCalls

/// How a process with a role is started.
struct RoleProgram {
  let role: Role
  /// The open executable.
  let image: FileDescriptor
  /// Whom the process becomes; `nil` for the same user as the supervisor.
  var account: RoleOrder.Account?
  /// Descriptors that it may have open.
  let descriptorLimit: Int
  /// The whole environment, each `NAME=value`.
  var environment: [String]

  init(_ role: Role, _ image: FileDescriptor, _ material: ServingMaterial) {
    (self.role, self.image) = (role, image)
    account = material.accounts?.account(of: role)
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
    let order = try RoleOrder(account: account, descriptorLimit: descriptorLimit, parent: getpid()).pipe()
    let argumentArray = CStringArray([role.rawValue].map(\.utf8))
    let environmentArray = CStringArray(environment.map(\.utf8))
    var failedCall: UnsafePointer<CChar>?
    var spawn = clinux_role_spawn(
      image: image.raw, arguments: argumentArray.pointer, environment: environmentArray.pointer, socket: socket.raw,
      order: order.raw)
    let child = clinux_spawn_role(&spawn, &failedCall)
    guard child > 0 else { throw SystemError.last(failedCall.map { String(cString: $0) } ?? "fork", role.rawValue) }
    // The number cannot be another's: the child is not waited for before the handle exists.
    return try ProcessHandle(child)
  }
}

extension ProcessHandle {
  /// Ends a child that nobody watches yet: SIGKILL does not take long.
  func killAndWait() {
    try? send(SIGKILL)
    waitpid(processID, nil, 0)
  }
}
