import AgentProtocol
import Glibc
import ShepherdContract

/// Explains to a user why a job ended as it did, so that no one has to know what 137 means.
struct ReasonsOfEnd {
  let record: ExitRecord
  let order: Order?
  let canceller: String?
  let homeFault: Int32?

  /// The reasons, one sentence each; none if the exit code says it all.
  var inWords: [String] {
    [end, leftBehind, fullDisk, stillThere, home].compactMap(\.self)
  }

  private var end: String? {
    switch (record.end, record.cause) {
    case (.couldNotStart(let failure), _): failure.inWords(order)
    case (.exited, _), (_, .timeout), (_, .cancel), (_, .shutdown), (_, .outputLimit): cause
    case (.signalled(let number), .none): "killed by \(SignalName.of(number))\(Self.origin(number))"
    case (.signalled(let number), _): "killed by \(SignalName.of(number)): \(cause ?? "")"
    }
  }

  private var cause: String? {
    switch record.cause {
    case .none: nil
    case .timeout: "timed out\(time)"
    case .cancel: canceller.map { "cancelled by \($0)" }
    case .shutdown: "the host was shut down"
    case .outputLimit:
      "its output reached the limit\(Self.limit(order?.outputLimit)); \(record.outputDropped) bytes were dropped"
    case .memoryLimit:
      "it reached its memory limit\(Self.limit(order?.memoryLimit)) (peak \(ByteCount.inWords(record.peakMemoryBytes)))"
    case .hostMemory: "the host was out of memory, and the kernel chose this job"
    }
  }

  private var time: String {
    guard let timeout = order?.timeout else { return "" }
    return timeout % 1000 == 0 ? " after \(timeout / 1000) s" : " after \(timeout) ms"
  }

  private static func limit(_ bytes: UInt64?) -> String { bytes.map { " of \(ByteCount.inWords($0))" } ?? "" }

  /// Returns what a signal that the shepherd did not send indicates.
  private static func origin(_ signal: Int32) -> String {
    switch SignalName.of(signal) {
    case "SIGSEGV": ": it made an invalid memory access"
    case "SIGBUS": ": it accessed memory that does not exist"
    case "SIGILL": ": it executed an illegal instruction"
    case "SIGFPE": ": it made an arithmetic error"
    case "SIGABRT": ": it called abort(3)"
    case "SIGSYS": ": it made a forbidden system call"
    case "SIGXCPU": ": it reached its CPU time limit, setrlimit(2)"
    case "SIGXFSZ": ": it reached its file size limit, setrlimit(2)"
    default: ", which agentd did not send"
    }
  }

  private var leftBehind: String? {
    guard record.cause == .none, record.killed > 0 else { return nil }
    return "it left \(Self.processes(record.killed)), killed at its end"
  }

  private var fullDisk: String? {
    if case .couldNotStart = record.end { return nil }
    if !record.diskFull { return nil }
    return record.dropsAreCounted
      ? "the disk was full, or failed, while it ran: \(record.outputDropped) bytes of its output were dropped"
      : "the disk was full while it ran: its output may be incomplete"
  }

  /// Debian's policy names the home /nonexistent for users that have none: nothing is missing there.
  private var home: String? {
    if case .couldNotStart = record.end { return nil }
    guard let homeFault, let home = order?.directory else { return nil }
    // A later supervisor does not recall the home, and cannot know whether it is that one.
    if homeFault == ENOENT, [Array("/nonexistent".utf8), Array("/".utf8)].contains(home) { return nil }
    if homeFault == 0 { return "the user database has no absolute path as the home of its user: it ran in /" }
    let path = home == Array("/".utf8) ? "" : " \(String(decoding: home, as: UTF8.self))"
    return "its home\(path) cannot be entered (\(String(cString: strerror(homeFault)))): it ran in /"
  }

  private var stillThere: String? {
    if record.left == 0 { return nil }
    let processes = Self.processes(record.left)
    // One that was told to end was not asked to stay.
    return order?.leavesProcesses == true && record.killed == 0 && record.cause == .none
      ? "it left \(processes) running, as requested" : "\(processes) could not be killed"
  }

  static func processes(_ count: some BinaryInteger) -> String { count == 1 ? "1 process" : "\(count) processes" }
}

/// Formats sizes for users.
enum ByteCount {
  /// Returns the size in the largest unit of which it is a multiple, or rounded to a tenth of the largest unit that it reaches.
  static func inWords(_ bytes: UInt64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    var (value, unit) = (bytes, 0)
    while unit < units.count - 1, value >= 1024, value % 1024 == 0 { (value, unit) = (value / 1024, unit + 1) }
    if value < 1024 { return "\(value) \(units[unit])" }
    var rounded = Double(value)
    while unit < units.count - 1, rounded >= 1024 { (rounded, unit) = (rounded / 1024, unit + 1) }
    let tenths = Int((rounded * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
