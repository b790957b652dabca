import Glibc

/// The few operations on paths that are needed here, on strings as the kernel sees them.
public enum Path {
  /// The part before the last slash; `.` where there is none, `/` for the root.
  public static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The part after the last slash.
  public static func name(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
  }

  /// `path` itself if it is absolute, else below `folder`.
  public static func resolve(_ path: String, relativeTo folder: String) -> String {
    path.utf8.first == UInt8(ascii: "/") ? path : "\(folder == "/" ? "" : folder)/\(path)"
  }

  /// `path`, seen from the working folder; as it is where that cannot be told.
  public static func absolute(_ path: String) -> String {
    guard let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return resolve(path, relativeTo: String(cString: folder))
  }
}
