import AgentLogging
import Logging
import SystemCalls

/// The supervisor's logger, shared by its parts so that a reload can change the level for all of them.
final class SupervisorLog {
  /// The logger for everything but decisions.
  var logger: Logger
  /// The log of decisions.
  var auditLog = AuditLog()
  private var auditFails = false

  init(_ logger: Logger) {
    self.logger = logger
  }

  /// Writes a decision to the audit log.
  ///
  /// Nothing at `.info` or above is left out, whatever the log's level. What cannot be written there goes to the log.
  func audit(_ level: Logger.Level, _ message: String, _ facts: Logger.Metadata) {
    do throws(SystemError) {
      if level >= min(.info, logger.logLevel), try auditLog.take(LogLine(level: level, message: message, fields: facts))
      {
        auditFails = false
        return
      }
    } catch {
      if !auditFails { logger.error("the audit log cannot be written; its entries go here: \(error)") }
      auditFails = true
    }
    logger.log(level: level, "\(message)", metadata: facts)
  }
}
