import Console
import Glibc
import SystemCalls

/// The file that `--remove-source` deletes, with all names by which it was reached.
struct RemovableSource {
  private let file: String
  /// The target of a symbolic link; `nil` if `file` is not a link.
  private let target: String?

  /// Checks before anything is changed that the file can be deleted afterwards.
  init(_ file: String) throws(CommandError) {
    if file == SourceFile.standardInput {
      throw CommandError(.usage, "--remove-source: standard input cannot be removed; name a file")
    }
    self.file = file
    var status = stat()
    let isLink = lstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    target = isLink ? Self.resolved(file) : nil
    for path in [file] + (target.map { [$0] } ?? []) {
      if access(Path.folder(of: path), W_OK | X_OK) != 0, errno != ENOENT {
        throw CommandError(
          .noPermission, "\(path): --remove-source cannot delete it: \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Deletes the file that was read, and a link that led to it.
  ///
  /// - Parameter read: the file that was read; a different file that now has its name is kept.
  /// - Returns: warnings for the user, one line each.
  func remove(_ read: SourceFile.Identity?) throws(CommandError) -> [String] {
    let path = target ?? file
    var status = stat()
    guard lstat(path, &status) == 0, SourceFile.Identity(status) == read else {
      throw CommandError(
        .inputOutput, "\(path): was imported, but is another file by now; delete yourself what holds the private key")
    }
    try delete(path)
    if target != nil { try delete(file) }
    var warnings = target.map { ["\(file): was a symbolic link; it and \($0), to which it led, were deleted"] } ?? []
    if status.st_nlink > 1 {
      warnings.append(
        "\(path): had \(status.st_nlink - 1) further names (hard links), under which the private key is still there; "
          + "delete them, too")
    }
    return warnings
  }

  private func delete(_ path: String) throws(CommandError) {
    do throws(SystemError) { try DurableFile.remove(path) } catch {
      throw CommandError(
        .inputOutput, "\(path): was imported, but cannot be deleted: \(error.reason); delete it yourself")
    }
  }

  private static func resolved(_ file: String) -> String? {
    guard let path = realpath(file, nil) else { return nil }
    defer { free(path) }
    return String(cString: path)
  }
}
