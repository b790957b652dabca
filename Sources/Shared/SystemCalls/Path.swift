import Glibc

/// Operations on paths, as byte strings like the kernel's.
public enum Path {
  /// Returns the part before the last slash; `.` if there is none, `/` for the root.
  public static func folder(of path: String) -> String {
    guard let slash = lastSlash(path) else { return "." }
    return slash == path.startIndex ? "/" : String(decoding: path.utf8[..<slash], as: UTF8.self)
  }

  /// Returns the part after the last slash.
  public static func name(of path: String) -> String {
    guard let slash = lastSlash(path) else { return path }
    return String(decoding: path.utf8[path.utf8.index(after: slash)...], as: UTF8.self)
  }

  /// Searches for a byte: to Swift, a slash followed by a combining accent is a different character.
  private static func lastSlash(_ path: String) -> String.Index? { path.utf8.lastIndex(of: UInt8(ascii: "/")) }

  /// Returns `path` if it is absolute; otherwise `path` below `folder`.
  public static func resolve(_ path: String, relativeTo folder: String) -> String {
    path.utf8.first == UInt8(ascii: "/") ? path : "\(folder == "/" ? "" : folder)/\(path)"
  }

  /// Returns `path` as an absolute path; unchanged if the working directory is unknown.
  public static func absolute(_ path: String) -> String {
    guard let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return resolve(path, relativeTo: String(cString: folder))
  }
}
