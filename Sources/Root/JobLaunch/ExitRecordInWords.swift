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
  ///   - homeFault: the errno(3) value with which the user's home refused the job, if it did.
  init(_ record: ExitRecord, order: Order?, canceller: String?, homeFault: Int32? = nil) {
    self.init(Self.state(record))
    if case .couldNotStart(let failure) = record.end { mayStartLater = failure.isOfTheMoment }
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
    let reasons = ReasonsOfEnd(record: record, order: order, canceller: canceller, homeFault: homeFault).inWords
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
  /// Whether the host had no room for another process, of its own or of the user, and may have some a moment later. The job has not run.
  var isOfTheMoment: Bool { [.process, .user, .program].contains(stage) && code == EAGAIN }

  /// Returns what failed, with its subject and the reason.
  func inWords(_ order: Order?) -> String {
    let reason = String(cString: strerror(code & 0xff))
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

  /// Returns the reason if the program exists and is not one that this host can execute, or is not found by a name without a slash.
  private func programReason(_ order: Order?) -> String? {
    if let form = FileForm(code) { return form.reason(code & 0xff) }
    guard code == ENOENT, let program = order?.arguments.first else { return nil }
    return program.contains(UInt8(ascii: "/")) ? nil : "not found in the job's PATH"
  }

  private static func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
}
