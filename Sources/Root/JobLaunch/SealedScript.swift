import CLinux
import Glibc
import SystemCalls

/// A script in memory, sealed so that no one can change it; memfd_create(2).
///
/// Not even other jobs of the same user can, while this one waits or runs.
enum SealedScript {
  /// Returns it open for reading from the start. Any user may open it again through /dev/fd, as interpreters do.
  static func make(_ text: [UInt8]) throws(SystemError) -> FileDescriptor {
    let file = FileDescriptor(owning: try checked("memfd_create") { clinux_memory_file("agentd-script") })
    try file.writeAll(text, "script")
    let raw = file.raw
    try checked("fchmod", "script") { fchmod(raw, 0o444) }
    try checked("fcntl", "script") { clinux_seal(raw) }
    try checked("lseek", "script") { lseek(raw, 0, SEEK_SET) }
    return file
  }
}
