extension JobStatus {
  /// The exit code of a command that stands for the job, as in the table of agentctl(1): 0 only if the job has succeeded.
  ///
  /// The state decides: a job that was cancelled did not succeed, whatever it returned when TERM arrived. The agent is not trusted: a code
  /// that a process cannot have, or that contradicts the state, is not passed on.
  public var processExitCode: Int32 {
    switch state {
    case .succeeded: 0
    case .failed: exitCode.flatMap { (1...255).contains($0) ? $0 : nil } ?? Self.fault
    case .killed, .outputLimit: Self.code(of: signal) ?? Self.kill
    case .cancelled, .timedOut: Self.code(of: signal) ?? Self.terminate
    // As a shell reports a program that it cannot execute.
    case .couldNotStart: 126
    case .interrupted: Self.temporaryFailure
    case .accepted, .queued, .running: Self.fault
    }
  }

  /// Returns the code with which a shell reports a program that this signal ended.
  private static func code(of signal: String?) -> Int32? { signal.flatMap(SignalName.number).map { 128 + $0 } }

  private static let kill: Int32 = 128 + 9
  private static let terminate: Int32 = 128 + 15
  /// EX_SOFTWARE and EX_TEMPFAIL of sysexits(3).
  private static let (fault, temporaryFailure): (Int32, Int32) = (70, 75)
}
