import AgentConfiguration
import AgentLogging
import Glibc
import SupervisorLink
import SystemCalls

/// How to start a process with a role.
struct RoleProgram {
  let role: Role
  /// The open executable.
  let image: FileDescriptor
  /// The user that the process switches to; `nil` for that of the supervisor.
  var account: RoleOrder.Account?
  /// The maximum number of descriptors that it may have open.
  let descriptorLimit: Int
  /// The complete environment, each entry as `NAME=value`.
  var environment: [String]

  init(_ role: Role, _ image: FileDescriptor, _ material: ServingMaterial) {
    (self.role, self.image) = (role, image)
    account = material.accounts?.account(of: role)
    descriptorLimit =
      switch role {
      case .listener: max(65536, OpenFileLimit.needed(by: material.configuration.limits))
      case .signer: 16
      }
    // Nothing of our own environment: it may hold secrets, and variables like OPENSSL_CONF would control the process.
    environment = [
      "\(LogStart.levelVariable)=\(material.configuration.process.logLevel.rawValue)",
      "\(LogStart.formatVariable)=\(material.configuration.process.logFormat.rawValue)",
      // On a crash, Swift's runtime would start a program that reads the process's memory. The sandbox kills that with another signal,
      // which would hide the cause of the crash.
      "SWIFT_BACKTRACE=enable=no",
      // A handshake makes thousands of small allocations and frees them soon; by default glibc caches only seven of each size per thread. A
      // glibc that does not know a tunable ignores it.
      "GLIBC_TUNABLES=glibc.malloc.tcache_count=64",
    ]
    if let stream = getenv("JOURNAL_STREAM") { environment.append("JOURNAL_STREAM=\(String(cString: stream))") }
  }

  /// Starts the program with `socket` on descriptor 3; see clinux_spawn_role.
  func start(socket: FileDescriptor) throws(SystemError) -> ProcessHandle {
    var spawn = RoleSpawn(image, title: role.rawValue)
    spawn.environment = environment
    spawn.order = try RoleOrder(account: account, descriptorLimit: descriptorLimit, parent: getpid()).pipe()
    return try patiently { () throws(SystemError) in try spawn.start(socket: socket, name: role.rawValue) }
  }
}
