import Glibc
import SystemCalls

/// Information from proc(5).
enum ProcessTable {
  /// Returns every process whose parent is `parent`.
  static func children(of parent: pid_t) throws -> [pid_t] {
    try all().filter { (try? status($0))?["PPid"] == ["\(parent)"] }
  }

  /// Returns every process whose title (argv joined with spaces) has this prefix.
  static func processes(titled title: String) throws -> [pid_t] {
    try all().filter { Self.title($0)?.hasPrefix(title) ?? false }
  }

  /// Returns a process's argv joined with spaces; `nil` if it has ended.
  static func title(_ process: pid_t) -> String? {
    guard let bytes = try? DurableFile.read("/proc/\(process)/cmdline", limit: 1 << 20), !bytes.isEmpty else {
      return nil
    }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
  }

  /// Returns whether the process exists and is not a zombie.
  static func isAlive(_ process: pid_t) -> Bool {
    guard let state = try? status(process)["State"]?.first else { return false }
    return state != "Z" && state != "X"
  }

  /// Returns the fields of /proc/PID/status, each split at spaces and tabs.
  static func status(_ process: pid_t) throws -> [String: [String]] {
    let text = String(decoding: try DurableFile.read("/proc/\(process)/status", limit: 1 << 20), as: UTF8.self)
    let fields = text.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 1) }
    return Dictionary(
      fields.map { (String($0[0]), $0.count < 2 ? [] : $0[1].split { $0 == " " || $0 == "\t" }.map(String.init)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Returns the threads of a process, including the main one; the other functions accept them as well.
  static func threads(of process: pid_t) throws -> [pid_t] {
    try Folder.names(in: "/proc/\(process)/task").compactMap { pid_t($0) }
  }

  /// Returns the target of each open descriptor of a process.
  static func openFiles(_ process: pid_t) throws -> [Int: String] {
    let folder = "/proc/\(process)/fd"
    let names = try Folder.names(in: folder)
    return Dictionary(
      uniqueKeysWithValues: names.compactMap { name in
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("\(folder)/\(name)", &target, target.count)
        return count < 0 ? nil : (Int(name)!, String(decoding: target[..<count], as: UTF8.self))
      })
  }

  private static func all() throws -> [pid_t] { try Folder.names(in: "/proc").compactMap { pid_t($0) } }
}
