import AgentProtocol
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// Folders that are looked at in one turn, and the time until the next: a million of them must not keep anybody waiting.
  private static let foldersATurn = 200
  private static let pauseBetweenLooks = Duration.milliseconds(5)

  /// Removes the folders of jobs that the ledger does not know: left over from a removal that a crash cut short. Goes on in
  /// later turns until all have been looked at.
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
      for id in names.compactMap(JobID.init) where try ledger.status(of: id) == nil {
        try launcher.remove(id)
        log.logger.notice("folder of an unknown job removed", metadata: ["job": "\(id)"])
      }
      reactor.after(Self.pauseBetweenLooks) { [weak self] in self?.removeLeftovers(folders) }
    } catch {
      log.logger.warning("folders of unknown jobs are not removed: \(error)")
    }
  }
}
