import Glibc
import SystemCalls

/// An open folder. Operations through it apply to this folder, even if its name refers to another one by now.
struct FolderHandle {
  let descriptor: FileDescriptor
  /// The path with which it was opened, for messages.
  let path: String

  init(path: String) throws(SystemError) {
    descriptor = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
    self.path = path
  }

  private init(_ descriptor: FileDescriptor, _ path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  func path(of name: String) -> String { "\(path)/\(name)" }

  func folder(_ name: String) throws(SystemError) -> FolderHandle {
    FolderHandle(try open(name, O_RDONLY | O_DIRECTORY), path(of: name))
  }

  /// Calls openat(2), never following a symbolic link.
  func open(_ name: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
    let raw = descriptor.raw
    return FileDescriptor(
      owning: try checked("open", path(of: name)) {
        openat(raw, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
      })
  }

  func makeFolder(_ name: String) throws(SystemError) -> FolderHandle {
    let raw = descriptor.raw
    try checked("mkdir", path(of: name)) { mkdirat(raw, name, 0o700) }
    return try folder(name)
  }

  /// Creates a file that is on disk when this returns; its name is on disk after `synchronize()`.
  func write(_ name: String, _ contents: StoreTransaction.Body, mode: mode_t) throws(SystemError) {
    let file = try open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    let raw = file.raw
    try contents.write(to: file, path(of: name))
    try checked("fchmod", path(of: name)) { fchmod(raw, mode) }
    try checked("fsync", path(of: name)) { fsync(raw) }
  }

  /// Creates a hard link to the file `name` in `other`.
  func link(_ name: String, into other: FolderHandle) throws(SystemError) {
    let (from, to) = (descriptor.raw, other.descriptor.raw)
    try checked("link", other.path(of: name)) { linkat(from, name, to, name, 0) }
  }

  func synchronize() throws(SystemError) {
    let raw = descriptor.raw
    try checked("fsync", path) { fsync(raw) }
  }

  /// Returns the sorted names in the folder. Reads through the descriptor, so that replacing the folder has no effect.
  func names() throws(SystemError) -> [String] { try Folder.names(in: descriptor) }

  /// Returns the target of the symbolic link `name`; `nil` if there is no such file.
  func linkTarget(_ name: String) throws(SystemError) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let raw = descriptor.raw
    do throws(SystemError) {
      let count = try checked("readlink", path(of: name)) {
        buffer.withUnsafeMutableBytes { bytes in
          readlinkat(raw, name, bytes.assumingMemoryBound(to: CChar.self).baseAddress!, bytes.count)
        }
      }
      return String(decoding: buffer[..<count], as: UTF8.self)
    } catch  where error.code == ENOENT {
      return nil
    }
  }

  /// Removes the folder `name` with everything in it; it is not an error if something no longer exists.
  func removeTree(_ name: String) throws(SystemError) {
    let tree: FolderHandle
    do throws(SystemError) { tree = try folder(name) } catch  where error.code == ENOENT { return }
    for inner in try tree.names() {
      if unlinkat(tree.descriptor.raw, inner, 0) == 0 || errno == ENOENT { continue }
      if errno != EISDIR { throw SystemError.last("unlink", tree.path(of: inner)) }
      try tree.removeTree(inner)
    }
    let raw = descriptor.raw
    if unlinkat(raw, name, AT_REMOVEDIR) != 0, errno != ENOENT { throw SystemError.last("rmdir", path(of: name)) }
  }
}
