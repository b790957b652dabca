/// A call that changes the disk, and the fault injected there by strace(1): the call fails, or the process is killed instead.
struct FaultPoint: Sendable, CustomStringConvertible {
  enum Fault: String, CaseIterable, Sendable {
    case killed = "signal=KILL"
    case inputOutput = "error=EIO"
    case noSpace = "error=ENOSPC"
  }

  let call: String
  /// The index of the call among the process's calls with this name, from 1.
  let number: Int
  let fault: Fault
  /// Whether the call writes a line of the log.
  let isOfLog: Bool

  /// openat(2) is included because it creates files; calls that only read may also fail.
  static let calls = [
    "openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "fchmod", "fchown", "mkdirat",
    "rename", "renameat2", "link", "linkat", "unlink", "unlinkat",
  ]

  /// The arguments of strace(1) to trace without faults.
  static let tracing = ["-s", "0", "-e", "trace=\(calls.joined(separator: ","))"]

  /// The arguments of strace(1) to inject this fault.
  var tracing: [String] { Self.tracing + ["-e", "inject=\(call):\(fault.rawValue):when=\(number)"] }

  /// The name of the job that is hit.
  var jobID: String { "\(call)-\(number)-\(fault)".lowercased() }

  var description: String { "\(call) \(number) \(fault)" }

  /// Returns whether the fault occurred, according to the output of strace(1).
  static func hasHappened(in trace: String) -> Bool {
    trace.contains("(INJECTED)") || trace.contains("+++ killed by SIGKILL +++")
  }

  /// Returns all points in the trace of a run without faults.
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
