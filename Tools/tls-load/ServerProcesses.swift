import Glibc

/// The processes of a server under load, as seen in /proc.
struct ServerProcesses {
  let root: pid_t

  /// The first process and all its current descendants.
  var all: [pid_t] {
    var found = [root]
    var index = 0
    while index < found.count {
      let parent = found[index]
      let children = read("/proc/\(parent)/task/\(parent)/children").split(separator: " ").compactMap { pid_t($0) }
      found.append(contentsOf: children)
      index += 1
    }
    return found
  }

  /// The CPU time used by every thread of every process, in nanoseconds; proc(5), schedstat.
  var cpuNanoseconds: Int64 {
    all.reduce(0) { sum, process in
      sum
        + names(in: "/proc/\(process)/task").reduce(0) { sum, thread in
          sum + (Int64(read("/proc/\(process)/task/\(thread)/schedstat").split(separator: " ").first ?? "0") ?? 0)
        }
    }
  }

  /// The memory attributed to these processes (PSS), in bytes, excluding what the kernel charges to their sockets.
  var memoryBytes: Int64 {
    all.reduce(0) { sum, process in
      let line = read("/proc/\(process)/smaps_rollup").split(separator: "\n").first { $0.hasPrefix("Pss:") } ?? ""
      return sum + (line.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0) * 1024
    }
  }

  private func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  private func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
