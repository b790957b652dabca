import Glibc
import SystemCalls
import Wording

/// Decides whether a path can be relied upon to refer to the same program tomorrow.
///
/// Every folder and symbolic link on the way, and the program itself, must belong to root, and no one else may be able to write to them.
enum ProgramPath {
  private static let mostLinks = 40

  /// - Parameter path: an absolute path.
  /// - Returns: what is wrong; `nil` if nothing is.
  static func fault(of path: String) -> String? {
    var pending = components(path)
    var (walked, links) = ("", 0)
    if let fault = fault("/") { return fault }
    while let name = pending.popLast() {
      if name.isSame(as: "..") {
        walked = Path.folder(of: walked.isEmpty ? "/" : walked)
        if walked == "/" { walked = "" }
        continue
      }
      let place = "\(walked)/\(name)"
      if let fault = fault(place) { return fault }
      guard let target = target(of: place) else {
        walked = place
        continue
      }
      links += 1
      if links > mostLinks { return "its path has too many symbolic links" }
      if target.utf8.first == UInt8(ascii: "/") { walked = "" }
      pending += components(target)
    }
    return nil
  }

  /// Returns the components in reverse order.
  private static func components(_ path: String) -> [String] {
    path.parts(at: "/").filter { !["", "."].containsSame(as: $0) }.reversed()
  }

  private static func fault(_ place: String) -> String? {
    var status = stat()
    guard lstat(place, &status) == 0 else { return "\(place): \(String(cString: strerror(errno)))" }
    if status.st_uid != 0 { return "\(place) belongs to user \(status.st_uid), who could replace the program" }
    // The mode of a symbolic link has no meaning.
    if status.st_mode & S_IFMT != S_IFLNK, status.st_mode & 0o022 != 0 {
      return "users other than root can write to \(place) and could replace the program"
    }
    return nil
  }

  private static func target(of place: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(place, &buffer, buffer.count)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }
}
