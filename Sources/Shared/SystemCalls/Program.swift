import CLinux
import Glibc

/// A program to be started with exactly the descriptors named and every signal at its default.
public struct Program: Sendable {
  /// The program file: with a slash, or looked up in the PATH of this process.
  public var path: String
  /// The arguments, the program's own name first.
  public var arguments: [String]
  /// The whole environment, each as `NAME=value`; `nil` for this process's own.
  public var environment: [String]?
  /// The working directory; `nil` for this process's own.
  public var directory: String?
  /// What becomes its descriptors 0, 1, 2 and so on; `nil` is `/dev/null`. At most 64; no others stay open.
  public var descriptors: [FileDescriptor?]
  /// Whether it leads a session of its own; setsid(2).
  public var newSession = false
  /// Whether it starts with every signal blocked, so that none is lost, or ends it, before it is ready for them.
  public var signalsBlocked = false

  public init(_ path: String, arguments: [String], descriptors: [FileDescriptor?]) {
    self.path = path
    self.arguments = arguments
    self.descriptors = descriptors
  }

  /// Starts it: posix_spawn(3), which takes no time for a large parent.
  ///
  /// - Returns: the child, which the caller has to wait for (waitpid(2)).
  /// - Throws: when it cannot be executed.
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
            descriptors: numbers.baseAddress, descriptor_count: numbers.count, new_session: newSession,
            signals_blocked: signalsBlocked)
          return clinux_spawn(&program, &child)
        }
      }
    }
    if code != 0 { throw SystemError("posix_spawn", path, code: code) }
    // The number cannot be another's: the child is not waited for before the handle exists.
    return try ProcessHandle(child)
  }
}
