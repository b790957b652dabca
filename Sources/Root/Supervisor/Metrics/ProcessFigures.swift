import AgentProtocol
import Glibc
import SupervisorLink
import SystemCalls

/// The resource usage of processes, from /proc; proc_pid_stat(5).
enum ProcessFigures {
  /// The process ID of this process.
  static var own: Int32 { getpid() }

  /// The number of descriptors that this process has open; nil if /proc cannot be read.
  static var openDescriptors: Int? {
    // Reading the folder takes one descriptor of its own.
    (try? Folder.names(in: "/proc/self/fd")).map { max($0.count - 1, 0) }
  }

  /// Returns the usage of each process that exists.
  static func all(_ processes: [(role: String, number: Int32)]) -> [HostFigures.ProcessUse] {
    processes.compactMap { role, number in
      guard let line = try? DurableFile.read("/proc/\(number)/stat", limit: 4096) else { return nil }
      return use(role, String(decoding: line, as: UTF8.self))
    }
  }

  /// Parses the stat line of a process. The name, in parentheses, may contain anything.
  static func use(_ role: String, _ line: String) -> HostFigures.ProcessUse? {
    guard let name = line.lastIndex(of: ")") else { return nil }
    let fields = line[name...].split(separator: " ").dropFirst().map { Int64($0) }
    // Fields from the third on: utime and stime are the 14th and 15th, rss the 24th.
    guard fields.count > 21, let user = fields[11], let system = fields[12], let pages = fields[21] else { return nil }
    return HostFigures.ProcessUse(
      role: role, residentBytes: pages * Int64(sysconf(Int32(_SC_PAGESIZE))),
      cpuSeconds: Double(user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
  }
}
