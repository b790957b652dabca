import Glibc
import Synchronization
import SystemCalls

/// A folder for a test, removed with its contents when the last reference is released.
public final class TemporaryFolder: Sendable {
  /// The absolute path, without symbolic links.
  public let path: String
  private let isKept = Mutex(false)

  /// Creates an empty folder, mode 0700, in `parent`.
  public init(in parent: String = "/tmp") throws {
    var template = Array("\(parent)/agentd-test.XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp", parent) }
    path = String(cString: made)
  }

  /// Returns the path of `name` in the folder, which need not exist.
  public func path(_ name: String) -> String { "\(path)/\(name)" }

  /// Creates or replaces a file.
  ///
  /// - Returns: the path of the file.
  @discardableResult
  public func write(_ name: String, _ contents: String, mode: mode_t = 0o644) throws -> String {
    try write(name, Array(contents.utf8), mode: mode)
  }

  /// Creates or replaces a file.
  ///
  /// - Returns: the path of the file.
  @discardableResult
  public func write(_ name: String, _ contents: [UInt8], mode: mode_t = 0o644) throws -> String {
    let path = path(name)
    let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    try file.writeAll(contents, path)
    try checked("fchmod", path) { fchmod(file.raw, mode) }
    return path
  }

  /// Returns the contents of a file as text; at most 64 MiB.
  public func read(_ name: String) throws -> String {
    String(decoding: try DurableFile.read(path(name), limit: 1 << 26), as: UTF8.self)
  }

  /// Keeps the folder, for a person to examine.
  public func keep() { isKept.withLock { $0 = true } }

  deinit {
    if !isKept.withLock({ $0 }) { Self.remove(path) }
  }

  /// Removes a file, or a folder with its contents; what cannot be removed stays.
  public static func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      for name in (try? Folder.names(in: path)) ?? [] { remove("\(path)/\(name)") }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}
