import AgentConfiguration
import AgentLogging
import Glibc
import Logging
import SystemCalls

/// The log file of a detached agentd.
enum LogFile {
  /// Opens it for appending, or creates it (mode 0640). Fails on a FIFO that no one reads instead of waiting for a reader.
  static func open(_ path: String) throws(SystemError) -> FileDescriptor {
    try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, mode: 0o640)
  }

  /// Reopens descriptor 2 on the file that has the name now, which after a rotation is another one.
  static func reopen(_ path: String) throws(SystemError) {
    let number = try open(path)
    let raw = number.raw
    try checked("dup2", path) { dup2(raw, STDERR_FILENO) }
  }
}

extension AgentConfiguration.LogFormat {
  /// The corresponding format of AgentLogging.
  var forLines: LogFormat { LogFormat(rawValue: rawValue) ?? .text }
}

extension AgentConfiguration.LogLevel {
  /// The corresponding level of swift-log.
  var forLogger: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
