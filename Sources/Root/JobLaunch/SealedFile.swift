import CLinux
import Glibc
import SystemCalls

/// A file in memory, sealed so that no one can change it; memfd_create(2).
enum SealedFile {
  /// Returns a job's script, open for reading from the start.
  ///
  /// Any user may open it again through /dev/fd, as interpreters do. Not even other jobs of the same user can change it, while this one
  /// waits or runs.
  static func script(_ text: [UInt8]) throws(SystemError) -> FileDescriptor { try make("script", text, 0o444) }

  /// Returns an order to a shepherd, open for reading from the start.
  static func order(_ bytes: [UInt8]) throws(SystemError) -> FileDescriptor { try make("order", bytes, 0o400) }

  private static func make(_ name: String, _ bytes: [UInt8], _ mode: mode_t) throws(SystemError) -> FileDescriptor {
    let file = FileDescriptor(owning: try checked("memfd_create", name) { clinux_memory_file("agentd-\(name)") })
    try file.writeAll(bytes, name)
    let raw = file.raw
    try checked("fchmod", name) { fchmod(raw, mode) }
    try checked("fcntl", name) { clinux_seal(raw) }
    try checked("lseek", name) { lseek(raw, 0, SEEK_SET) }
    return file
  }
}
