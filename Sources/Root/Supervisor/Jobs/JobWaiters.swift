import AgentProtocol

/// The requests that are answered when something happens to a job. A request that ends early is dropped at once, to free what it holds.
final class JobWaiters {
  private var waiting: [JobID: [UInt64: ClientRequest]] = [:]
  private var last: UInt64 = 0

  /// Keeps `request` until `take` returns it.
  func add(_ request: ClientRequest, for id: JobID) {
    last += 1
    let number = last
    waiting[id, default: [:]][number] = request
    request.whenOver { [weak self] in self?.remove(number, of: id) }
  }

  /// Removes and returns the requests that still wait for the job, in order.
  func take(_ id: JobID) -> [ClientRequest] {
    (waiting.removeValue(forKey: id) ?? [:]).sorted { $0.key < $1.key }.map(\.value)
  }

  private func remove(_ number: UInt64, of id: JobID) {
    waiting[id]?[number] = nil
    if waiting[id]?.isEmpty == true { waiting[id] = nil }
  }
}
