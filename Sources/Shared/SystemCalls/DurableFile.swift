import CLinux
import Glibc

/// Files that are on disk when the call returns, and that readers see either as they were or as they are.
///
/// Temporary file in the same folder, fsync, rename, fsync of the folder: after a crash at any moment, the file has either the old or the
/// new contents. Others may be able to write to the folder: files that they put there are neither written to nor opened.
public enum DurableFile {
  /// Replaces or creates the file at `path`.
  ///
  /// A failure leaves the old file as it was, and no temporary file.
  ///
  /// - Parameters:
  ///   - contents: all bytes of the new file.
  ///   - mode: the permissions of the new file, regardless of the umask.
  public static func replace(
    _ path: String, with contents: some Collection<UInt8>, mode: mode_t
  ) throws(SystemError) {
    try write(contents, mode, for: path) { folder, draft, name throws(SystemError) in
      try checked("rename", path) { renameat(folder, draft, folder, name) }
    }
  }

  /// Creates the file at `path`, which must not exist: `EEXIST`, also for a dangling symbolic link.
  ///
  /// - Parameters:
  ///   - contents: all bytes of the new file.
  ///   - mode: the permissions of the new file, regardless of the umask.
  public static func create(
    _ path: String, with contents: some Collection<UInt8>, mode: mode_t
  ) throws(SystemError) {
    try write(contents, mode, for: path) { folder, draft, name throws(SystemError) in
      if clinux_rename_new(folder, draft, name) == 0 { return }
      // Network file systems do not support RENAME_NOREPLACE.
      if errno != EINVAL { throw SystemError.last("create", path) }
      try checked("create", path) { linkat(folder, draft, folder, name, 0) }
      unlinkat(folder, draft, 0)
    }
  }

  /// Writes a new file next to `path` under an unpredictable name, so that in a folder writable by others nobody can have created it first;
  /// then has `publish` give it its name.
  private static func write(
    _ contents: some Collection<UInt8>, _ mode: mode_t, for path: String,
    _ publish: (_ folder: Int32, _ draft: String, _ name: String) throws(SystemError) -> Void
  ) throws(SystemError) {
    let folder = try FileDescriptor.open(Path.folder(of: path), O_RDONLY | O_DIRECTORY)
    let raw = folder.raw
    let draft = draftName(for: path)
    let file = try folder.open(draft, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    do throws(SystemError) {
      try fill(file, contents, mode, path)
      try publish(raw, draft, Path.name(of: path))
    } catch {
      unlinkat(raw, draft, 0)
      throw error
    }
    try checked("fsync", Path.folder(of: path)) { fsync(raw) }
  }

  private static func fill(
    _ file: FileDescriptor, _ contents: some Collection<UInt8>, _ mode: mode_t, _ path: String
  ) throws(SystemError) {
    let raw = file.raw
    try checked("fchmod", path) { fchmod(raw, mode) }
    let status = try file.status(path)
    // On a file system without owners or modes, others could read a secret.
    let isPrivate = status.st_uid == geteuid() && status.st_nlink == 1 && status.st_mode & 0o077 == 0
    if mode & 0o077 == 0, !isPrivate { throw SystemError("fchmod", path, code: EPERM) }
    try file.writeAll(contents, path)
    try checked("fsync", path) { fsync(raw) }
  }

  /// Removes the file at `path` durably.
  public static func remove(_ path: String) throws(SystemError) {
    try checked("unlink", path) { unlink(path) }
    try synchronizeFolder(of: path)
  }

  /// Makes the names in the folder of `path` durable, with fsync(2) on that folder.
  public static func synchronizeFolder(of path: String) throws(SystemError) {
    try synchronize(folder: Path.folder(of: path))
  }

  /// Makes the names in `folder` durable, with fsync(2) on it.
  public static func synchronize(folder: String) throws(SystemError) {
    let descriptor = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
    let raw = descriptor.raw
    try checked("fsync", folder) { fsync(raw) }
  }

  /// Reads the whole file at `path`; see `FileDescriptor.readAll(limit:_:)`.
  public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    try FileDescriptor.open(path, O_RDONLY).readAll(limit: limit, path)
  }

  /// Returns the name of the new file until it is complete: hidden, so that no listing takes it for a file, and cut, so that it is never
  /// too long for the file system.
  private static func draftName(for path: String) -> String {
    let random =
      String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    return ".\(String(decoding: Path.name(of: path).utf8.prefix(100), as: UTF8.self)).\(random).new"
  }
}
