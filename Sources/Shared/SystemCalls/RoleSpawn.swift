import CLinux
import Glibc

/// How to start a process that is a part of this program, from its open executable; see clinux_spawn_role.
public struct RoleSpawn: Sendable {
  /// The open executable.
  public let image: FileDescriptor
  /// The only argument: what ps(1) shows.
  public let title: String
  /// The complete environment, each entry as `NAME=value`.
  public var environment: [String] = []
  /// What the process gets on descriptor 4; `nil` for nothing.
  public var order: FileDescriptor?
  /// Whether it starts with all signals blocked, and at their defaults.
  public var signalsBlocked = false

  /// Describes a process with nothing on descriptor 4, an empty environment and unblocked signals.
  public init(_ image: FileDescriptor, title: String) {
    (self.image, self.title) = (image, title)
  }

  /// Starts the process with `socket` on descriptor 3.
  ///
  /// - Parameter name: what to call it in the error.
  public func start(socket: FileDescriptor, name: String) throws(SystemError) -> ProcessHandle {
    let argumentArray = CStringArray([title.utf8])
    let environmentArray = CStringArray(environment.map(\.utf8))
    var failedCall: UnsafePointer<CChar>?
    var spawn = clinux_role_spawn(
      image: image.raw, arguments: argumentArray.pointer, environment: environmentArray.pointer, socket: socket.raw,
      order: order?.raw ?? -1, signals_blocked: signalsBlocked)
    let child = clinux_spawn_role(&spawn, &failedCall)
    guard child > 0 else { throw SystemError.last(failedCall.map { String(cString: $0) } ?? "fork", name) }
    // The number cannot be reused: the child is not waited for before the handle exists.
    return try ProcessHandle(child)
  }
}
