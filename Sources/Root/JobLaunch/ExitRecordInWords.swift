import AgentProtocol
import Glibc
import ShepherdContract
import Values

extension JobOutcome {
  static func interrupted(_ interruption: Interruption) -> JobOutcome {
    var outcome = JobOutcome(.interrupted, reason: interruption.reason)
    outcome.mayHaveRemains = interruption.mayHaveRemains
    return outcome
  }

  /// - Parameters:
  ///   - order: the order, which has what could not be used if the job did not start, and the limits that it reached.
  ///   - canceller: who cancelled the job, if that is known.
  init(_ record: ExitRecord, order: Order?, canceller: String?) {
    self.init(Self.state(record))
    finishedAt = Timestamp(milliseconds: record.finishedAt)
    outputBytesDropped = record.dropsAreCounted ? Int64(clamping: record.outputDropped) : nil
    diskWasFull = state == .couldNotStart ? nil : record.diskFull
    killed = Int(record.killed)
    left = Int(record.left)
    switch record.end {
    case .exited(let code): exitCode = Int32(code)
    case .signalled(let number): signal = SignalName.of(number)
    case .couldNotStart: break
    }
    if state != .couldNotStart {
      startedAt = Timestamp(milliseconds: record.startedAt)
      cpuSeconds = Double(record.cpuMicroseconds) / 1_000_000
      peakMemoryBytes = Int64(clamping: record.peakMemoryBytes)
    }
    let reasons = ReasonsOfEnd(record: record, order: order, canceller: canceller).inWords
    reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
  }

  private static func state(_ record: ExitRecord) -> JobState {
    switch (record.end, record.cause) {
    case (.couldNotStart, _): .couldNotStart
    case (_, .timeout): .timedOut
    case (_, .cancel): .cancelled
    case (_, .shutdown): .interrupted
    case (_, .outputLimit): .outputLimit
    case (.exited(0), _): .succeeded
    case (.exited, _): .failed
    case (.signalled, _): .killed
    }
  }
}

extension ExitRecord {
  /// Whether `outputDropped` is all that is missing.
  var dropsAreCounted: Bool { !diskFull || outputDropped > 0 }
}

extension StartFailure {
  /// Returns what failed, with its subject and the reason.
  func inWords(_ order: Order?) -> String {
    let reason = String(cString: strerror(code))
    return switch stage {
    case .order: "cannot read the order to the shepherd: \(reason)"
    case .input: "cannot open the job's input: \(reason)"
    case .process: "cannot create a process: \(reason)"
    case .session: "cannot create a session: \(reason)"
    case .descriptors: "cannot close agentd's files: \(reason)"
    case .groups: "cannot switch to the user's groups: \(reason)"
    case .group: "cannot switch to \(Self.subject("group", order?.identity?.group)): \(reason)"
    case .user: "cannot switch to \(Self.subject("user", order?.identity?.user)): \(reason)"
    case .directory: "cannot enter directory \(Self.text(order?.directory)): \(reason)"
    case .controlGroup: "cannot enter the job's control group: \(reason)"
    case .limits: "cannot set the resource limits: \(reason)"
    case .script: "cannot open the script: \(reason)"
    case .output: "cannot create the pipes for the job's output: \(reason)"
    case .program:
      "cannot execute \(order?.arguments.first.map(Self.text) ?? "its program"): \(programReason(order) ?? reason)"
    }
  }

  private static func subject(_ kind: String, _ number: UInt32?) -> String {
    number.map { "\(kind) \($0)" } ?? "the job's \(kind)"
  }

  /// Returns the reason if execve(2) reports "no such file" although the program exists, or its name has no slash.
  private func programReason(_ order: Order?) -> String? {
    guard code == ENOENT, let program = order?.arguments.first else { return nil }
    if !program.contains(UInt8(ascii: "/")) { return "not found in the job's PATH" }
    let isThere = access(String(decoding: program, as: UTF8.self), F_OK) == 0
    return isThere ? "the interpreter that its first line names does not exist" : nil
  }

  private static func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
}
