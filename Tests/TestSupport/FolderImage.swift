import Glibc
import SystemCalls

/// The contents of a folder, for a byte-for-byte comparison later.
public struct FolderImage: Equatable, Sendable, CustomStringConvertible {
  /// Paths below the folder, with mode, and contents or the target of a symbolic link.
  public let files: [String: String]

  /// Reads a folder or a single file; empty if it does not exist.
  ///
  /// - Parameter names: the entries of the folder to include; all if nil.
  public init(of path: String, only names: [String]? = nil) throws {
    var files: [String: String] = [:]
    if let names {
      for name in names { try Self.collect("\(path)/\(name)", name, &files) }
    } else {
      try Self.collect(path, ".", &files)
    }
    self.files = files
  }

  /// One line per file.
  public var description: String { files.keys.sorted().map { "\($0) \(files[$0]!.count)" }.joined(separator: "\n") }

  private static func collect(_ path: String, _ name: String, _ files: inout [String: String]) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    var entry = "\(String(status.st_mode, radix: 8)) \(status.st_ino)\n"
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      for inner in try Folder.names(in: path) { try collect("\(path)/\(inner)", "\(name)/\(inner)", &files) }
    case S_IFLNK:
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = try checked("readlink", path) { readlink(path, &buffer, buffer.count) }
      entry += String(decoding: buffer[..<count], as: UTF8.self)
    default:
      entry += String(decoding: try DurableFile.read(path, limit: 1 << 26), as: UTF8.self)
    }
    files[name] = entry
  }
}
