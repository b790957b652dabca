import Glibc
import Logging
import SystemCalls

/// Starts logging in a process.
public enum LogStart {
  /// The environment variable by which agentd tells its listener the level.
  public static let levelVariable = "AGENTD_LOG_LEVEL"

  /// Makes every `Logger` of this process write to descriptor 2, in the style that fits it now. To be called once.
  public static func bootstrap(level: Logger.Level) {
    let standardError = FileDescriptor(owning: 2)
    let style = LineStyle.forStandardError()
    LoggingSystem.bootstrap { _ in LineLogHandler(to: standardError, style: style, level: level) }
  }

  /// The level that `levelVariable` names; `.info` if it names none.
  public static func levelOfEnvironment() -> Logger.Level {
    getenv(levelVariable).flatMap { Logger.Level(rawValue: String(cString: $0)) } ?? .info
  }
}
