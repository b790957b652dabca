import AgentConfiguration
import CertificateStore
import Glibc
import JobLedger
import SystemCalls

/// The reason why agentd does not start, or does not adopt a new configuration.
public struct StartFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The exit code, as in sysexits(3).
  public let exitCode: Int32
  /// What is wrong, in one line.
  public let message: String
  /// The command or change that fixes it; `nil` if the message says it.
  public let hint: String?

  init(_ exitCode: Int32, _ message: String, hint: String? = nil) {
    self.exitCode = exitCode
    self.message = message
    self.hint = hint
  }

  /// Message and hint in one line.
  public var description: String { hint.map { "\(message); \($0)" } ?? message }
}

extension StartFailure {
  init(_ error: ConfigurationError) {
    self.init(EX_CONFIG, error.description)
  }

  init(_ error: StoreError) {
    self.init(EX_CONFIG, error.description)
  }

  init(_ error: LedgerError) {
    self.init([.full, .diskFails].contains(error.kind) ? EX_CANTCREAT : EX_UNAVAILABLE, error.description)
  }

  init(_ exitCode: Int32, _ error: SystemError) {
    self.init(exitCode, error.description)
  }
}

/// Makes a system call without which agentd cannot start.
func required<Result>(
  orExit exitCode: Int32, _ body: () throws(SystemError) -> Result
) throws(StartFailure) -> Result {
  do throws(SystemError) { return try body() } catch { throw StartFailure(exitCode, error) }
}
