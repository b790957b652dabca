import Glibc

/// An exclusive flock(2) on a file, held until the last reference goes. It dies with the process (and with every process
/// that inherited the descriptor), so no crash leaves a stale one.
public final class FileLock: Sendable {
  /// The locked file's descriptor: what a child must inherit to hold the lock as well.
  public let descriptor: FileDescriptor

  private init(_ descriptor: FileDescriptor) {
    self.descriptor = descriptor
  }

  /// Makes the file if it is missing (mode 0600) and waits for the lock.
  public static func wait(_ path: String) throws(SystemError) -> FileLock {
    let descriptor = try open(path)
    let raw = descriptor.raw
    try checked("flock", path) { flock(raw, LOCK_EX) }
    return FileLock(descriptor)
  }

  /// Makes the file if it is missing (mode 0600) and takes the lock.
  ///
  /// - Returns: `nil` if somebody else holds it.
  public static func attempt(_ path: String) throws(SystemError) -> FileLock? {
    let descriptor = try open(path)
    let raw = descriptor.raw
    do throws(SystemError) {
      try checked("flock", path) { flock(raw, LOCK_EX | LOCK_NB) }
    } catch  where error.code == EWOULDBLOCK {
      return nil
    }
    return FileLock(descriptor)
  }

  /// Whether somebody holds the lock at `path` now. A missing file is not locked.
  public static func isHeld(_ path: String) throws(SystemError) -> Bool {
    if access(path, F_OK) != 0, errno == ENOENT { return false }
    return try attempt(path) == nil
  }

  private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
    try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
  }
}
