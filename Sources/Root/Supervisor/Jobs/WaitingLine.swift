import AgentProtocol

/// Waiting jobs, each with its ticket number. A job in the middle can be removed as cheaply as the first.
struct WaitingLine {
  private var jobs: [(id: JobID, ticket: UInt64)?] = []
  private var places: [JobID: Int] = [:]
  private var head = 0

  /// The number of waiting jobs.
  var count: Int { places.count }

  /// The ticket of the first job; the largest possible value if there is none.
  var firstTicket: UInt64 { (jobs.indices.contains(head) ? jobs[head]?.ticket : nil) ?? .max }

  /// Adds a job at the end.
  mutating func append(_ id: JobID, _ ticket: UInt64) {
    places[id] = jobs.count
    jobs.append((id, ticket))
  }

  /// Adds a job before all others.
  mutating func prepend(_ id: JobID, _ ticket: UInt64) {
    if head > 0 {
      head -= 1
      jobs[head] = (id, ticket)
      places[id] = head
      return
    }
    jobs.insert((id, ticket), at: 0)
    renumber()
  }

  /// Removes and returns the first job.
  mutating func removeFirst() -> (id: JobID, ticket: UInt64)? {
    guard jobs.indices.contains(head), let first = jobs[head] else { return nil }
    remove(first.id)
    return first
  }

  /// Removes a job, if it is here.
  mutating func remove(_ id: JobID) {
    guard let place = places.removeValue(forKey: id) else { return }
    jobs[place] = nil
    // The head is always a job, so that its ticket is at hand.
    while head < jobs.count, jobs[head] == nil { head += 1 }
    compact()
  }

  // Only now and then, so that the work is spread over many calls.
  private mutating func compact() {
    guard head > 1024, head > jobs.count / 2 else { return }
    jobs.removeSubrange(..<head)
    head = 0
    renumber()
  }

  private mutating func renumber() {
    for (index, job) in jobs.enumerated() { if let job { places[job.id] = index } }
  }
}
