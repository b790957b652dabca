import Glibc
import SystemCalls

/// Finds out which user a command should run as.
enum FileOwner {
  /// Returns `; run this as user NAME` if `path`, or its nearest existing parent folder, belongs to another user.
  ///
  /// If the caller's home does not exist, that is what is wrong with a path in it.
  static func hint(_ path: String) -> String? {
    if let home = getenv("HOME").map({ String(cString: $0) }), home.count > 1, path.hasPrefix(home),
      access(home, F_OK) != 0, errno == ENOENT
    {
      return "; your home \(home) does not exist: create it, or name a file or folder elsewhere"
    }
    var place = path
    var status = stat()
    while stat(place, &status) != 0 {
      if place == "/" || place == "." { return nil }
      place = Path.folder(of: place)
    }
    guard status.st_uid != geteuid() else { return nil }
    return "; run this as user \(name(of: status.st_uid))"
  }

  static func name(of user: uid_t) -> String {
    getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "ID \(user)"
  }
}
