import AgentProtocol
import Glibc
import ShepherdContract

extension JobOutcome {
  static func interrupted(_ interruption: Interruption) -> JobOutcome {
    JobOutcome(.interrupted, reason: interruption.reason)
  }

  /// - Parameter order: names what could not be used when the job did not start.
  init(_ record: ExitRecord, order: Order?, outputBytes: Int64?) {
    self.init(Self.state(record))
    finishedAt = Timestamp(milliseconds: record.finishedAt)
    self.outputBytes = outputBytes
    var reasons: [String] = []
    switch record.end {
    case .exited(let code):
      exitCode = Int32(code)
    case .signalled(let number):
      signal = SignalName.of(number)
      if record.cause == .none { reasons.append("\(SignalName.of(number)) was sent to it, not by agentd") }
    case .couldNotStart(let failure):
      reasons.append(failure.inWords(order))
    }
    if record.cause == .timeout { reasons.append(Self.timeoutReason(order)) }
    if state != .couldNotStart {
      startedAt = Timestamp(milliseconds: record.startedAt)
      cpuSeconds = Double(record.cpuMicroseconds) / 1_000_000
      peakMemoryBytes = Int64(clamping: record.peakMemoryBytes)
      if record.leftoversKilled > 0, record.cause == .none {
        reasons.append("it left \(Self.processes(record.leftoversKilled)) behind, killed at its end")
      }
    }
    if record.left > 0 { reasons.append("\(Self.processes(record.left)) could not be killed") }
    reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
  }

  private static func state(_ record: ExitRecord) -> JobState {
    switch (record.end, record.cause) {
    case (.couldNotStart, _): .couldNotStart
    case (_, .timeout): .timedOut
    case (_, .cancel): .cancelled
    case (.exited(0), .none): .succeeded
    case (.exited, .none): .failed
    case (.signalled, .none): .killed
    }
  }

  private static func timeoutReason(_ order: Order?) -> String {
    guard let timeout = order?.timeout else { return "its time was over" }
    return "its time of \(timeout % 1000 == 0 ? "\(timeout / 1000) s" : "\(timeout) ms") was over"
  }

  private static func processes(_ count: UInt32) -> String { count == 1 ? "1 process" : "\(count) processes" }
}

extension StartFailure {
  /// What could not be done, with what, and why.
  func inWords(_ order: Order?) -> String {
    let reason = String(cString: strerror(code))
    return switch stage {
    case .order: "cannot read the order to the shepherd: \(reason)"
    case .input: "cannot open the job's input: \(reason)"
    case .process: "cannot make a process: \(reason)"
    case .session: "cannot make a session: \(reason)"
    case .descriptors: "cannot close agentd's files: \(reason)"
    case .groups: "cannot take on the user's groups: \(reason)"
    case .group: "cannot take on group \(order?.identity?.group ?? 0): \(reason)"
    case .user: "cannot take on user \(order?.identity?.user ?? 0): \(reason)"
    case .directory: "cannot enter directory \(Self.text(order?.directory)): \(reason)"
    case .program: "cannot execute \(Self.text(order?.arguments.first)): \(programReason(order) ?? reason)"
    }
  }

  /// For what execve(2) calls "no such file" although it is not the program that is missing, or nobody said where it is.
  private func programReason(_ order: Order?) -> String? {
    guard code == ENOENT, let program = order?.arguments.first else { return nil }
    if !program.contains(UInt8(ascii: "/")) { return "not found in the job's PATH" }
    let isThere = access(String(decoding: program, as: UTF8.self), F_OK) == 0
    return isThere ? "the interpreter that its first line names does not exist" : nil
  }

  private static func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
}
