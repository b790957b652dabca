import Glibc
import Logging
import SystemCalls

/// The start of logging in a process.
public enum LogStart {
  /// The environment variable in which agentd passes the log level to its listener.
  public static let levelVariable = "AGENTD_LOG_LEVEL"

  /// The environment variable in which agentd passes the log format to its listener.
  public static let formatVariable = "AGENTD_LOG_FORMAT"

  /// Returns the format that `formatVariable` names; `.text` if it names none.
  public static func formatOfEnvironment() -> LogFormat {
    getenv(formatVariable).flatMap { LogFormat(rawValue: String(cString: $0)) } ?? .text
  }

  /// Makes every `Logger` of this process write to descriptor 2, in the style that suits it, without long waits for a reader. Processes
  /// that inherit the descriptor afterwards do not wait either. Call it once.
  public static func bootstrap(level: Logger.Level) {
    LogOutput.unshareStandardError()
    let standardError = FileDescriptor(owning: 2)
    let style = LineStyle.forStandardError()
    // All loggers share one handler, and with it the count of dropped lines.
    let handler = LineLogHandler(to: standardError, style: style, level: level)
    LoggingSystem.bootstrap { _ in handler }
  }

  /// Returns the level that `levelVariable` names; `.info` if it names none.
  public static func levelOfEnvironment() -> Logger.Level {
    getenv(levelVariable).flatMap { Logger.Level(rawValue: String(cString: $0)) } ?? .info
  }
}
