import AgentLogging
import JobLedger
import Logging
import SystemCalls

/// The supervisor's logger, shared by its parts so that a reload can change the level for all of them.
final class SupervisorLog {
  /// The logger for everything but decisions.
  var logger: Logger
  /// The log of decisions.
  var auditLog = AuditLog()
  private var auditFails = false
  /// The present failure of the ledger: when it was last logged, and how often it has happened since.
  private var ledgerFault: (kind: LedgerError.Kind, loggedAt: ContinuousClock.Instant, unsaid: Int)?
  private static let repetition = Duration.seconds(600)

  init(_ logger: Logger) {
    self.logger = logger
  }

  /// Logs a failure of the ledger: when it begins or becomes another, and then every ten minutes. What has failed is tried again every
  /// second, and a disk can stay full for a day.
  func ledgerFails(_ error: LedgerError) {
    if let known = ledgerFault, known.kind == error.kind, .now - known.loggedAt < Self.repetition {
      ledgerFault?.unsaid += 1
      return
    }
    let unsaid = ledgerFault.map { $0.kind == error.kind ? $0.unsaid : 0 } ?? 0
    logger.error(
      "ledger: \(error)", metadata: unsaid > 0 ? ["failures_since": .stringConvertible(unsaid)] : [:])
    ledgerFault = (error.kind, .now, 0)
  }

  /// Logs that the ledger works again, if it has failed.
  func ledgerWorks() {
    if ledgerFault != nil { logger.notice("ledger: works again") }
    ledgerFault = nil
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
