/// A call of a process that changes what is on the disk, and what becomes of it: the call fails, or the process is killed
/// instead. strace(1) does it.
struct FaultPoint: Sendable, CustomStringConvertible {
  enum Fault: String, CaseIterable, Sendable {
    case killed = "signal=KILL"
    case inputOutput = "error=EIO"
    case noSpace = "error=ENOSPC"
  }

  let call: String
  /// Which of the process's calls of this name, from 1.
  let number: Int
  let fault: Fault
  /// Whether it writes a line of the log.
  let isOfLog: Bool

  /// openat(2) is among them because it makes files; those that only read fail as well.
  static let calls = [
    "openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "fchmod", "fchown", "mkdirat",
    "rename", "renameat2", "link", "linkat", "unlink", "unlinkat",
  ]

  /// The arguments of strace(1) for a process in which nothing fails.
  static let tracing = ["-s", "0", "-e", "trace=\(calls.joined(separator: ","))"]

  /// The arguments of strace(1) for a process to which this happens.
  var tracing: [String] { Self.tracing + ["-e", "inject=\(call):\(fault.rawValue):when=\(number)"] }

  /// The name of the job that meets it.
  var jobID: String { "\(call)-\(number)-\(fault)".lowercased() }

  var description: String { "\(call) \(number) \(fault)" }

  /// Whether it has happened, by what strace(1) wrote.
  static func hasHappened(in trace: String) -> Bool {
    trace.contains("(INJECTED)") || trace.contains("+++ killed by SIGKILL +++")
  }

  /// All there are in a run in which nothing failed.
  static func all(in trace: String) -> [FaultPoint] {
    var counts: [Substring: Int] = [:]
    var points: [FaultPoint] = []
    for line in trace.split(separator: "\n") {
      guard let end = line.firstIndex(of: "("), calls.contains(String(line[..<end])) else { continue }
      counts[line[..<end], default: 0] += 1
      points += Fault.allCases.map {
        FaultPoint(
          call: String(line[..<end]), number: counts[line[..<end], default: 0], fault: $0,
          isOfLog: line.hasPrefix("write(2,"))
      }
    }
    return points
  }
}
