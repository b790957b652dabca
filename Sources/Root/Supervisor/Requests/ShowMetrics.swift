import AgentProtocol
import SystemCalls

extension Jobs {
  /// Answers with the counters.
  func showMetrics(_ request: ClientRequest) {
    var figures = tally.figures(capacity)
    figures.ledgerBytes = ledger.size
    if let space = DiskSpace(at: launcher.folder) {
      figures.diskFreeBytes = space.free
      figures.diskFloorBytes = diskFloor.floor(space)
    }
    request.answer(.metrics(figures))
  }
}
