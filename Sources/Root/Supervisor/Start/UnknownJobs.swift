import Glibc
import JobLaunch
import Logging
import SystemCalls
import Values

/// The folders of jobs whose ledger is gone: moved away because it was damaged, or lost.
///
/// They may hold the only copy of an output, so a new ledger does not start by deleting them. The whole folder of the jobs gets another
/// name, in one step, before there is a ledger: whenever this is interrupted, it is either done or begins again.
enum UnknownJobs {
  private static let prefix = "jobs.unknown-"

  /// Sets the jobs' folders aside if there is no ledger.
  ///
  /// - Parameter state: the folder of `ledger` and `jobs`.
  /// - Returns: where they are now; `nil` if there are none, or if there is a ledger.
  static func setAside(in state: String, ledger: String) throws(SystemError) -> String? {
    var status = stat()
    if stat(ledger, &status) == 0, status.st_size > 0 { return nil }
    let jobs = "\(state)/jobs"
    guard let names = try? Folder.names(in: jobs), !names.isEmpty else { return nil }
    let aside = freeName(in: state)
    try checked("rename", jobs) { rename(jobs, aside) }
    try DurableFile.synchronizeFolder(of: aside)
    return aside
  }

  /// Returns the folders that were set aside, now or earlier, by name.
  static func folders(in state: String) -> [String] {
    ((try? Folder.names(in: state)) ?? []).filter { $0.utf8.starts(with: prefix.utf8) }.map { "\(state)/\($0)" }
  }

  private static func freeName(in state: String) -> String {
    let name = "\(state)/\(prefix)\(Timestamp.now().seconds)"
    var (free, count) = (name, 1)
    while access(free, F_OK) == 0 {
      count += 1
      free = "\(name)-\(count)"
    }
    return free
  }
}

/// Ends the jobs that still run although no ledger knows them: nobody could cancel them or learn of their end.
final class UnknownRunningJobs {
  private let launcher: JobLauncher
  private let reactor: Reactor
  private let log: SupervisorLog
  private var watches: [pid_t: Reactor.Watch] = [:]

  /// - Parameter launcher: for the folder that was set aside.
  init(_ launcher: JobLauncher, on reactor: Reactor, log: SupervisorLog) {
    self.launcher = launcher
    self.reactor = reactor
    self.log = log
  }

  /// Tells them to end, as a cancellation does.
  func end() {
    let ids = (try? launcher.ids()) ?? []
    log.logger.warning(
      "there is no ledger: the outputs of all jobs that it knew are set aside; agentd does not delete them",
      metadata: ["folder": "\(launcher.folder)", "jobs": .stringConvertible(ids.count)])
    for id in ids {
      guard case .running(let job)? = try? launcher.recover(id) else { continue }
      log.logger.warning("job is not in the ledger; it is ended", metadata: ["job": "\(id)"])
      do throws(SystemError) {
        try launcher.cancel(job, by: "agentd: its record is gone")
        let number = job.shepherd.processID
        watches[number] = try reactor.watch(job.shepherd.descriptor, for: .readable) { [weak self] _ in
          // Removes its control group.
          _ = self?.launcher.outcome(of: job)
          self?.watches[number] = nil
        }
      } catch {
        log.logger.error("job cannot be ended: \(error)", metadata: ["job": "\(id)"])
      }
    }
  }
}
