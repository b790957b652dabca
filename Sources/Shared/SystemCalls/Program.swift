import CLinux
import Glibc

/// A program to start with exactly the given descriptors and every signal at its default.
public struct Program: Sendable {
  /// The program file: a path with a slash, or a name to look up in this process's PATH.
  public var path: String
  /// The arguments, the program's own name first.
  public var arguments: [String]
  /// The complete environment, each entry as `NAME=value`; `nil` for this process's.
  public var environment: [String]?
  /// The working directory; `nil` for this process's.
  public var directory: String?
  /// The descriptors for its 0, 1, 2 and so on; `nil` is `/dev/null`. At most 64; all others are closed.
  public var descriptors: [FileDescriptor?]
  /// Whether it leads a new session; setsid(2).
  public var newSession = false

  public init(_ path: String, arguments: [String], descriptors: [FileDescriptor?]) {
    self.path = path
    self.arguments = arguments
    self.descriptors = descriptors
  }

  /// Starts the program with posix_spawn(3), which is fast even for a large parent.
  ///
  /// - Returns: the child, which the caller must wait for (waitpid(2)).
  /// - Throws: if the program cannot be executed.
  public func start() throws(SystemError) -> ProcessHandle {
    let argumentArray = CStringArray(arguments.map(\.utf8))
    let environmentArray = CStringArray((environment ?? []).map(\.utf8))
    let numbers = descriptors.map { $0?.raw ?? -1 }
    var child: pid_t = 0
    let code = path.withCString { path in
      (directory ?? "").withCString { directory in
        numbers.withUnsafeBufferPointer { numbers in
          var program = clinux_program(
            path: path, arguments: argumentArray.pointer,
            environment: environment == nil ? nil : environmentArray.pointer,
            directory: self.directory == nil ? nil : directory,
            descriptors: numbers.baseAddress, descriptor_count: numbers.count, new_session: newSession)
          return clinux_spawn(&program, &child)
        }
      }
    }
    if code != 0 { throw SystemError("posix_spawn", path, code: code) }
    // The number cannot have been reused: nobody waits for the child before the handle exists.
    return try ProcessHandle(child)
  }
}
