import AgentProtocol

/// Requests that are answered when something happens to a job.
struct JobWaiters {
  private var waiting: [JobID: [ClientRequest]] = [:]

  /// Keeps `request` until `take` asks for it.
  mutating func add(_ request: ClientRequest, for id: JobID) {
    var requests = waiting[id, default: []]
    // Those that were answered by their timer or given up are dropped when their number doubles, at no cost on average.
    if requests.count.nonzeroBitCount == 1 { requests.removeAll { !$0.isOpen } }
    requests.append(request)
    waiting[id] = requests
  }

  /// Hands over the requests that still wait for the job.
  mutating func take(_ id: JobID) -> [ClientRequest] {
    (waiting.removeValue(forKey: id) ?? []).filter(\.isOpen)
  }
}
