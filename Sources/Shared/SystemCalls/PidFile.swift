import Glibc

/// The file that identifies the running agentd: it contains the process ID and is locked while that process lives, so that a stale file
/// misleads nobody.
public struct PidFile: Sendable {
  private let lock: FileLock

  /// Creates the file and locks it for the lifetime of the value.
  ///
  /// - Returns: `nil` if another process holds it.
  public static func claim(_ path: String) throws(SystemError) -> PidFile? {
    guard let lock = try FileLock.attempt(path) else { return nil }
    let raw = lock.descriptor.raw
    try checked("ftruncate", path) { ftruncate(raw, 0) }
    try lock.descriptor.writeAll(Array("\(getpid())\n".utf8), path)
    try checked("fchmod", path) { fchmod(raw, 0o644) }
    return PidFile(lock: lock)
  }

  /// Returns the process that holds the file at `path`.
  ///
  /// - Returns: `nil` if there is none.
  public static func holder(of path: String) throws(SystemError) -> ProcessHandle? {
    let contents: [UInt8]
    do throws(SystemError) { contents = try DurableFile.read(path, limit: 64) } catch  where error.code == ENOENT {
      return nil
    }
    guard let text = String(validating: contents, as: UTF8.self), let number = pid_t(text.prefix { $0 != "\n" }),
      number > 0, try FileLock.isHeld(path)
    else { return nil }
    do throws(SystemError) {
      let process = try ProcessHandle(number)
      // The lock is still held after the handle was opened, so the handle refers to the holder.
      return try FileLock.isHeld(path) ? process : nil
    } catch  where error.code == ESRCH {
      return nil
    }
  }
}
