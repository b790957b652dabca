import AgentConfiguration
import AgentLogging
import Glibc
import Logging
import SystemCalls

/// The file that a detached agentd logs to.
enum LogFile {
  /// Opens it for appending, or makes it (mode 0640). Of a FIFO that nobody reads this fails, and nothing waits for a reader.
  static func open(_ path: String) throws(SystemError) -> FileDescriptor {
    try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, mode: 0o640)
  }

  /// Puts descriptor 2 on the file that has the name now: after a rotation, another one.
  static func reopen(_ path: String) throws(SystemError) {
    let number = try open(path)
    let raw = number.raw
    try checked("dup2", path) { dup2(raw, STDERR_FILENO) }
  }
}

extension AgentConfiguration.LogFormat {
  /// The same format in the words of AgentLogging.
  var forLines: LogFormat { LogFormat(rawValue: rawValue) ?? .text }
}

extension AgentConfiguration.LogLevel {
  /// The same level in the words of swift-log.
  var forLogger: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
