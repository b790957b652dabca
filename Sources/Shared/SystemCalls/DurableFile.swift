import Glibc

/// Files that are on disk when the call returns, and that a reader sees either as they were or as they are.
///
/// Temporary file in the same folder, fsync, rename, fsync of the folder: after a crash at any moment the old contents
/// stand or the new ones do.
public enum DurableFile {
  /// Replaces the file at `path`, or makes it.
  ///
  /// A failure leaves the old file as it was and no temporary file behind.
  ///
  /// - Parameters:
  ///   - contents: all bytes of the new file.
  ///   - mode: permissions of the new file, whatever the umask.
  public static func replace(
    _ path: String, with contents: some Collection<UInt8>, mode: mode_t
  ) throws(SystemError) {
    // The process id keeps two writers apart; a left-over of a killed one with the same id is overwritten.
    let temporary = temporaryPath(for: path)
    do throws(SystemError) {
      let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
      let raw = file.raw
      try checked("fchmod", temporary) { fchmod(raw, mode) }
      try file.writeAll(contents, temporary)
      try checked("fsync", temporary) { fsync(raw) }
      try checked("rename", path) { rename(temporary, path) }
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronizeFolder(of: path)
  }

  /// Makes the file at `path`, which must not be there yet; what is there, a dangling link among it, stays as it is.
  ///
  /// A failure leaves no file behind.
  ///
  /// - Parameters:
  ///   - contents: all bytes of the file.
  ///   - mode: its permissions, of which the umask takes some away.
  /// - Throws: `SystemError` with EEXIST if it is there.
  public static func create(
    _ path: String, with contents: some Collection<UInt8>, mode: mode_t
  ) throws(SystemError) {
    let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
    do throws(SystemError) {
      try file.writeAll(contents, path)
      let raw = file.raw
      try checked("fsync", path) { fsync(raw) }
    } catch {
      unlink(path)
      throw error
    }
    try synchronizeFolder(of: path)
  }

  /// Removes the file at `path` for good.
  public static func remove(_ path: String) throws(SystemError) {
    try checked("unlink", path) { unlink(path) }
    try synchronizeFolder(of: path)
  }

  /// Makes the names in the folder that holds `path` durable: fsync(2) of that folder.
  public static func synchronizeFolder(of path: String) throws(SystemError) {
    try synchronize(folder: Path.folder(of: path))
  }

  /// Makes the names in `folder` durable: fsync(2) of it.
  public static func synchronize(folder: String) throws(SystemError) {
    let descriptor = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
    let raw = descriptor.raw
    try checked("fsync", folder) { fsync(raw) }
  }

  /// Reads the whole file at `path`; see `FileDescriptor.readAll(limit:_:)`.
  public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    try FileDescriptor.open(path, O_RDONLY).readAll(limit: limit, path)
  }

  /// The name that a replacement of `path` has until it is whole: hidden, so that no listing takes it for a file.
  static func temporaryPath(for path: String) -> String {
    "\(Path.folder(of: path))/.\(Path.name(of: path)).\(getpid()).new"
  }
}
