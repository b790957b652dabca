import Glibc

extension Program {
  /// Returns the path of the file that this process executes.
  public static func own() throws(SystemError) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = try checked("readlink", "/proc/self/exe") { readlink("/proc/self/exe", &buffer, buffer.count) }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  /// Returns the path of another program of this installation: next to this program, or at `other` below the parent of this program's
  /// folder, as /usr/libexec/agentd/agentd-shepherd is for /usr/sbin/agentd.
  public static func installed(_ name: String, or other: String) throws(SystemError) -> String {
    let folder = Path.folder(of: try own())
    let places = ["\(folder)/\(name)", "\(Path.folder(of: folder))/\(other)"]
    return places.first { access($0, X_OK) == 0 } ?? places[0]
  }
}
