import Glibc
import SystemCalls

/// What proc(5) says of the processes of this drill.
enum Processes {
  /// A process of agentd by its role.
  struct Found: Sendable {
    let process: pid_t
    let title: String
  }

  /// All processes with their titles.
  static func all() -> [Found] {
    ((try? Folder.names(in: "/proc")) ?? []).compactMap { pid_t($0) }.compactMap { process in
      guard let bytes = try? DurableFile.read("/proc/\(process)/cmdline", limit: 1 << 20), !bytes.isEmpty else {
        return nil
      }
      let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return Found(process: process, title: words.joined(separator: " "))
    }
  }

  /// The processes that carry a variable in their environment, by its value; zombies carry none.
  static func carrying(_ variable: String) -> [(process: pid_t, value: String)] {
    let prefix = Array("\(variable)=".utf8)
    return ((try? Folder.names(in: "/proc")) ?? []).compactMap { pid_t($0) }.compactMap { process in
      guard let bytes = try? DurableFile.read("/proc/\(process)/environ", limit: 1 << 20),
        let entry = bytes.split(separator: 0).first(where: { $0.starts(with: prefix) })
      else { return nil }
      return (process, String(decoding: entry.dropFirst(prefix.count), as: UTF8.self))
    }
  }

  static func parent(of process: pid_t) -> pid_t? {
    guard let bytes = try? DurableFile.read("/proc/\(process)/stat", limit: 4096) else { return nil }
    // The name is in parentheses and may hold anything.
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 1 ? pid_t(fields[1]) : nil
  }

  static func openFiles(of process: pid_t) -> Int { (try? Folder.names(in: "/proc/\(process)/fd").count) ?? 0 }
}
