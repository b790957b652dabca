import CLinux
import Glibc
import SystemCalls

/// How a listener process is started.
struct ListenerProgram {
  /// The title by which the executable knows that it is to be the listener; shown by ps(1).
  static let title = "agentd: listener"
  /// Descriptors that a listener may have open: one a connection, and one an output stream.
  static let descriptorLimit: UInt = 65536

  /// The executable, which is agentd's own.
  var path = "/proc/self/exe"
  /// Whom the listener runs as; `nil` for the same user as the supervisor.
  var account: ListenerAccount?
  /// The whole environment, each `NAME=value`.
  var environment: [String]

  /// Starts the program with `link` on descriptor 3; see clinux_spawn_listener.
  func start(link: FileDescriptor) throws(SystemError) -> ProcessHandle {
    var failedCall: UnsafePointer<CChar>?
    let child = withCStrings([Self.title]) { arguments in
      withCStrings(environment) { environment in
        path.withCString { path in
          var spawn = clinux_listener_spawn()
          spawn.path = path
          spawn.arguments = arguments
          spawn.environment = environment
          spawn.link = link.raw
          spawn.change_user = account == nil ? 0 : 1
          spawn.user = account?.user ?? 0
          spawn.group = account?.group ?? 0
          spawn.descriptor_limit = Self.descriptorLimit
          return clinux_spawn_listener(&spawn, &failedCall)
        }
      }
    }
    guard child > 0 else { throw SystemError.last(failedCall.map { String(cString: $0) } ?? "fork", "listener") }
    return try ProcessHandle(child)
  }
}

/// Calls `body` with a NULL-terminated array of C strings that lives until it returns.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
  let copies = strings.map { UnsafePointer(strdup($0)) } + [nil]
  defer { for copy in copies { free(UnsafeMutablePointer(mutating: copy)) } }
  return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
}

/// The user that a listener runs as.
struct ListenerAccount: Equatable {
  let user: uid_t
  let group: gid_t
}
