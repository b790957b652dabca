import AgentProtocol
import JobLedger
import Logging
import SystemCalls

/// What an administrator has to know of the disk of the jobs, as the last look and the last write have shown it.
struct DiskHealth {
  private var fault: String?
  private var ledgerFault: String?
  /// The folders of jobs that the ledger does not know; see `UnknownJobs`.
  private var unknown: [String] = []

  /// The warnings in `GET /v1/agent`.
  var warnings: [String] {
    let ledger = ledgerFault.map { "the job ledger cannot be written: \($0)" }
    return [fault, ledger].compactMap { $0.map { "\($0); new jobs are refused" } }
      + unknown.map { "\($0) has the outputs of jobs that the ledger does not know; remove it when nobody needs them" }
  }

  /// Notes the space on the disk.
  mutating func look(at space: DiskSpace?, _ floor: DiskFloor) {
    fault = space.flatMap(floor.fault)
  }

  /// Looks for outputs that were set aside, next to the jobs' folder.
  mutating func lookForUnknown(nextTo jobs: String) {
    unknown = UnknownJobs.folders(in: Path.folder(of: jobs))
  }

  /// Notes how a write of the ledger ended.
  mutating func wrote(_ error: LedgerError?) {
    ledgerFault = error.flatMap { [.full, .diskFails].contains($0.kind) ? $0.cause : nil }
  }
}

extension Jobs {
  /// Looks at the disk, and refuses a new job if it has no room for one; the log tells what is new.
  func checkDisk() throws(Problem) {
    let space = DiskSpace(at: launcher.folder)
    disk.look(at: space, diskFloor)
    try diskFloor.check(space)
  }

  /// Looks at the disk, and at what was set aside on it.
  func lookAtHost() {
    disk.look(at: DiskSpace(at: launcher.folder), diskFloor)
    disk.lookForUnknown(nextTo: launcher.folder)
  }

  /// Logs the warnings that were not there before.
  func logWarnings(besides known: [String]) {
    for warning in disk.warnings where !known.contains(warning) { log.logger.warning("\(warning)") }
  }
}
