import Glibc

/// An exclusive flock(2) on a file, held until the last reference is released. It ends with the process (and every process that inherited
/// the descriptor), so a crash leaves no stale lock.
public final class FileLock: Sendable {
  /// The descriptor of the locked file, which a child must inherit to share the lock.
  public let descriptor: FileDescriptor

  private init(_ descriptor: FileDescriptor) {
    self.descriptor = descriptor
  }

  /// Creates the file if it is missing (mode 0600) and waits for the lock.
  public static func wait(_ path: String) throws(SystemError) -> FileLock {
    let descriptor = try open(path)
    let raw = descriptor.raw
    try checked("flock", path) { flock(raw, LOCK_EX) }
    return FileLock(descriptor)
  }

  /// Creates the file if it is missing (mode 0600) and tries to take the lock.
  ///
  /// - Returns: `nil` if another process holds it.
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

  /// Returns whether the lock at `path` is held now. A missing file is not locked.
  public static func isHeld(_ path: String) throws(SystemError) -> Bool {
    if access(path, F_OK) != 0, errno == ENOENT { return false }
    return try attempt(path) == nil
  }

  private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
    try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
  }
}
