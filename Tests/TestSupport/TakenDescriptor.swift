import Glibc
import SystemCalls

extension FileDescriptor {
  /// Returns a copy of another process's descriptor, as an attacker who has taken over that process has it; pidfd_getfd(2), for root.
  public static func taken(_ number: Int, from process: pid_t) throws(SystemError) -> FileDescriptor {
    let handle = try ProcessHandle(process)
    let raw = Int(handle.descriptor.raw)
    defer { withExtendedLifetime(handle) {} }
    return FileDescriptor(owning: Int32(try checked("pidfd_getfd") { syscall(438, raw, number, 0) }))
  }

  /// syscall(2), which Swift cannot import because it is variadic; all supported architectures pass integer arguments the same way.
  private static let syscall = unsafeBitCast(
    dlsym(nil, "syscall"), to: (@convention(c) (Int, Int, Int, Int) -> Int).self)
}
