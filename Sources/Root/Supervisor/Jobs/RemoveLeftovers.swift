import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// The number of folders checked in one turn, and the pause until the next: a million folders must not delay others.
  private static let foldersATurn = 200
  private static let pauseBetweenLooks = Duration.milliseconds(5)

  /// Removes the folders of jobs that the ledger does not know, which are left when a crash interrupts a removal.
  ///
  /// Continues in later turns until all folders are checked.
  func removeLeftovers() {
    launcher.removeControlGroups(besides: Set(running.keys))
    do throws(SystemError) { removeLeftovers(try launcher.folders()) } catch {
      log.logger.warning("folders of unknown jobs are not removed: \(error)")
    }
  }

  private func removeLeftovers(_ folders: FolderReader) {
    do {
      let names = folders.next(Self.foldersATurn)
      if names.isEmpty { return }
      for id in names.compactMap(JobID.init(key:)) where try ledger.status(of: id) == nil {
        try launcher.remove(id)
        log.logger.notice("folder of an unknown job removed", metadata: ["job": "\(id)"])
      }
      reactor.after(Self.pauseBetweenLooks) { [weak self] in self?.removeLeftovers(folders) }
    } catch {
      log.logger.warning("folders of unknown jobs are not removed: \(error)")
    }
  }
}
