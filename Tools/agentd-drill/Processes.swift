import Glibc
import SystemCalls

/// The processes of this drill, read from proc(5).
enum Processes {
  /// An agentd process, identified by its title.
  struct Found: Sendable {
    let process: pid_t
    let title: String
  }

  /// Returns all processes with their titles.
  static func all() -> [Found] {
    ((try? Folder.names(in: "/proc")) ?? []).compactMap { pid_t($0) }.compactMap { process in
      guard let bytes = try? DurableFile.read("/proc/\(process)/cmdline", limit: 1 << 20), !bytes.isEmpty else {
        return nil
      }
      let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return Found(process: process, title: words.joined(separator: " "))
    }
  }

  /// Returns the processes that have a variable in their environment, with its value; zombies have none.
  static func carrying(_ variable: String) -> [(process: pid_t, value: String)] {
    let prefix = Array("\(variable)=".utf8)
    return ((try? Folder.names(in: "/proc")) ?? []).compactMap { pid_t($0) }.compactMap { process in
      guard let bytes = try? DurableFile.read("/proc/\(process)/environ", limit: 1 << 20),
        let entry = bytes.split(separator: 0).first(where: { $0.starts(with: prefix) })
      else { return nil }
      return (process, String(decoding: entry.dropFirst(prefix.count), as: UTF8.self))
    }
  }

  /// Returns the processes with this real or saved user.
  static func of(user: uid_t) -> [pid_t] {
    ((try? Folder.names(in: "/proc")) ?? []).compactMap { pid_t($0) }.filter { process in
      guard let bytes = try? DurableFile.read("/proc/\(process)/status", limit: 1 << 16),
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first(where: { $0.hasPrefix("Uid:") })
      else { return false }
      return line.dropFirst(4).split(separator: "\t").contains("\(user)")
    }
  }

  static func parent(of process: pid_t) -> pid_t? {
    guard let bytes = try? DurableFile.read("/proc/\(process)/stat", limit: 4096) else { return nil }
    // The name is in parentheses and may contain anything.
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 1 ? pid_t(fields[1]) : nil
  }

  static func openFiles(of process: pid_t) -> Int { (try? Folder.names(in: "/proc/\(process)/fd").count) ?? 0 }
}
