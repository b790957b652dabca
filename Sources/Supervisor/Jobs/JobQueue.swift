import AgentProtocol

/// Which jobs wait and how many run: bare bookkeeping, in the order of submission.
struct JobQueue {
  /// The most jobs that run.
  var maxRunning: Int
  /// The most jobs that wait.
  var maxQueued: Int
  private var places: Set<JobID> = []
  private var waiting: [JobID?] = []
  private var waitingPlaces: [JobID: Int] = [:]
  private var head = 0

  init(maxRunning: Int, maxQueued: Int) {
    self.maxRunning = maxRunning
    self.maxQueued = maxQueued
  }

  /// What becomes of a job that comes now.
  enum Admission: Equatable {
    /// It runs: a place is taken for it.
    case runs
    /// It waits, behind all others.
    case waits
    /// There is no room.
    case full
  }

  /// How many jobs have a place among the running.
  var running: Int { places.count }
  /// How many jobs wait.
  var queued: Int { waitingPlaces.count }

  /// Takes a job in. It runs at once only if none waits before it.
  mutating func admit(_ id: JobID) -> Admission {
    if queued == 0, running < maxRunning {
      places.insert(id)
      return .runs
    }
    guard queued < maxQueued else { return .full }
    append(id)
    return .waits
  }

  /// Takes a job in that waited before a restart, whatever the limit is by now.
  mutating func readmitWaiting(_ id: JobID) {
    append(id)
  }

  /// Takes a job in that ran before a restart, whatever the limit is by now.
  mutating func readmitRunning(_ id: JobID) {
    places.insert(id)
  }

  /// The job that has waited longest, if there is a place for it: it takes the place.
  mutating func next() -> JobID? {
    guard running < maxRunning, queued > 0 else { return nil }
    while head < waiting.count {
      let id = waiting[head]
      head += 1
      compact()
      guard let id else { continue }
      waitingPlaces[id] = nil
      places.insert(id)
      return id
    }
    return nil
  }

  /// Takes a job's place away and lets it wait again, before all others: it could not be started at present.
  mutating func putBack(_ id: JobID) {
    guard places.remove(id) != nil else { return }
    waiting.insert(id, at: head)
    for index in head..<waiting.count { if let id = waiting[index] { waitingPlaces[id] = index } }
  }

  /// Lets go of a job, wherever it is.
  mutating func remove(_ id: JobID) {
    places.remove(id)
    if let index = waitingPlaces.removeValue(forKey: id) { waiting[index] = nil }
  }

  /// Whether the job waits.
  func isWaiting(_ id: JobID) -> Bool { waitingPlaces[id] != nil }

  private mutating func append(_ id: JobID) {
    waitingPlaces[id] = waiting.count
    waiting.append(id)
  }

  // Now and then, so that the work is spread over many calls.
  private mutating func compact() {
    guard head > 1024, head > waiting.count / 2 else { return }
    waiting.removeSubrange(..<head)
    head = 0
    for (index, id) in waiting.enumerated() { if let id { waitingPlaces[id] = index } }
  }
}
