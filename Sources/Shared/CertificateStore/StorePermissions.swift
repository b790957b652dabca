import Glibc
import SystemCalls

/// The required ownership and permissions of the store's files.
enum StorePermissions {
  enum Rule {
    /// Not writable by others.
    case folder, publicFile
    /// Not readable by others either.
    case privateFile

    var forbidden: mode_t { self == .privateFile ? 0o077 : 0o022 }
    var mode: String {
      switch self {
      case .folder: "700"
      case .publicFile: "644"
      case .privateFile: "600"
      }
    }
  }

  /// Opens the store's folder and checks its owner and mode.
  ///
  /// - Returns: `nil` if it does not exist.
  static func openStore(_ path: String) throws(StoreError) -> FolderHandle? {
    let store: FolderHandle
    do throws(SystemError) { store = try FolderHandle(path: path) } catch {
      if error.code == ENOENT { return nil }
      // The owner can be determined even if the folder cannot be opened.
      if error.code == EACCES { try refuseOtherOwner(path) }
      throw .system(error)
    }
    try check(store.descriptor, path, .folder)
    return store
  }

  /// Throws unless the open file belongs to this user and is as closed to others as `rule` requires.
  static func check(_ descriptor: FileDescriptor, _ path: String, _ rule: Rule) throws(StoreError) {
    let status = try systemCall { () throws(SystemError) in try descriptor.status(path) }
    let expected = rule == .folder ? S_IFDIR : S_IFREG
    if status.st_mode & S_IFMT != expected {
      throw .damaged(path: path, fact: rule == .folder ? "is not a folder" : "is not a regular file; remove it")
    }
    if status.st_uid != geteuid() { throw otherOwner(path, status.st_uid) }
    if status.st_mode & rule.forbidden != 0 {
      let mode = String(status.st_mode & 0o7777, radix: 8)
      let fact = rule == .privateFile ? "a private key that others can read or write" : "others can write to it"
      throw .insecure(path: path, fact: "\(fact) (mode \(mode))", remedy: "chmod \(rule.mode) \(path)")
    }
  }

  private static func refuseOtherOwner(_ path: String) throws(StoreError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_uid != geteuid() { throw otherOwner(path, status.st_uid) }
  }

  private static func otherOwner(_ path: String, _ owner: uid_t) -> StoreError {
    .otherOwner(path: path, owner: owner, name: getpwuid(owner).map { String(cString: $0.pointee.pw_name) })
  }
}
