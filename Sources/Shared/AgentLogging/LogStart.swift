import Glibc
import Logging
import SystemCalls

/// Starts logging in a process.
public enum LogStart {
  /// The environment variable by which agentd tells its listener the level.
  public static let levelVariable = "AGENTD_LOG_LEVEL"

  /// The environment variable by which agentd tells its listener the format.
  public static let formatVariable = "AGENTD_LOG_FORMAT"

  /// The format that `formatVariable` names; `.text` if it names none.
  public static func formatOfEnvironment() -> LogFormat {
    getenv(formatVariable).flatMap { LogFormat(rawValue: String(cString: $0)) } ?? .text
  }

  /// Makes every `Logger` of this process write to descriptor 2, in the style that fits it now, without ever waiting long for a
  /// reader; processes that inherit the descriptor after this do not either. To be called once.
  public static func bootstrap(level: Logger.Level) {
    LogOutput.unshareStandardError()
    let standardError = FileDescriptor(owning: 2)
    let style = LineStyle.forStandardError()
    // One for all loggers: they share what is lost.
    let handler = LineLogHandler(to: standardError, style: style, level: level)
    LoggingSystem.bootstrap { _ in handler }
  }

  /// The level that `levelVariable` names; `.info` if it names none.
  public static func levelOfEnvironment() -> Logger.Level {
    getenv(levelVariable).flatMap { Logger.Level(rawValue: String(cString: $0)) } ?? .info
  }
}
