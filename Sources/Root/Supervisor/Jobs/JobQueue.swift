import AgentProtocol

/// Which jobs wait and how many run: bare bookkeeping.
///
/// Of the jobs that could run, the next is one of the client that has the fewest running; of several, the one that has waited
/// longest. So a client's own jobs run in the order of their submission, and one with a thousand jobs does not keep out one with
/// a single job.
struct JobQueue {
  /// What jobs have in common that wait for the same: their pool, and whose they are.
  struct Lane: Hashable {
    var pool: String?
    var owner: JobOwner
  }

  /// The most jobs that run.
  var maxRunning: Int
  /// The most jobs that wait.
  var maxQueued: Int
  /// The most jobs of each pool that run. A pool that is not there any more sets no limit.
  var pools: [String: Int]
  private var places: [JobID: (lane: Lane, ticket: UInt64)] = [:]
  private var runningOfOwner: [JobOwner: Int] = [:]
  private var runningInPool: [String: Int] = [:]
  private var waiting: [Lane: WaitingLine] = [:]
  private var laneOfWaiting: [JobID: Lane] = [:]
  private var lastTicket: UInt64 = 0

  init(maxRunning: Int, maxQueued: Int, pools: [String: Int] = [:]) {
    self.maxRunning = maxRunning
    self.maxQueued = maxQueued
    self.pools = pools
  }

  /// What becomes of a job that comes now.
  enum Admission: Equatable {
    /// It runs: a place is taken for it.
    case runs
    /// It waits, behind all others of its lane.
    case waits
    /// There is no room.
    case full
  }

  /// How many jobs have a place among the running.
  var running: Int { places.count }
  /// How many jobs wait.
  var queued: Int { laneOfWaiting.count }

  /// How busy each pool is, by name.
  var poolCapacities: [PoolCapacity] {
    var queued: [String: Int] = [:]
    for (lane, line) in waiting { if let pool = lane.pool { queued[pool, default: 0] += line.count } }
    return pools.sorted { $0.key < $1.key }.map { name, most in
      PoolCapacity(
        name: name, maxRunning: most, running: runningInPool[name, default: 0], queued: queued[name, default: 0])
    }
  }

  /// Takes a job in. It runs at once only if none waits before it that could.
  mutating func admit(_ id: JobID, in lane: Lane) -> Admission {
    lastTicket += 1
    if running < maxRunning, hasRoom(lane.pool), nextLane() == nil {
      take(id, lane, lastTicket)
      return .runs
    }
    guard queued < maxQueued else { return .full }
    append(id, lane)
    return .waits
  }

  /// Takes a job in that waited before a restart, whatever the limit is by now.
  mutating func readmitWaiting(_ id: JobID, in lane: Lane) {
    lastTicket += 1
    append(id, lane)
  }

  /// Takes a job in that ran before a restart, whatever the limit is by now.
  mutating func readmitRunning(_ id: JobID, in lane: Lane) {
    take(id, lane, 0)
  }

  /// The job whose turn it is, if there is a place for it: it takes the place.
  mutating func next() -> JobID? {
    guard running < maxRunning, let lane = nextLane(), let (id, ticket) = waiting[lane]?.removeFirst() else {
      return nil
    }
    forgetWaiting(id, lane)
    take(id, lane, ticket)
    return id
  }

  /// Takes a job's place away and lets it wait again, before all others of its lane: it could not be started at present.
  mutating func putBack(_ id: JobID) {
    guard let (lane, ticket) = places[id] else { return }
    leavePlace(id)
    waiting[lane, default: WaitingLine()].prepend(id, ticket)
    laneOfWaiting[id] = lane
  }

  /// Lets go of a job, wherever it is.
  mutating func remove(_ id: JobID) {
    leavePlace(id)
    guard let lane = laneOfWaiting[id] else { return }
    waiting[lane]?.remove(id)
    forgetWaiting(id, lane)
  }

  /// Whether the job waits.
  func isWaiting(_ id: JobID) -> Bool { laneOfWaiting[id] != nil }

  private func hasRoom(_ pool: String?) -> Bool {
    guard let pool, let most = pools[pool] else { return true }
    return runningInPool[pool, default: 0] < most
  }

  private func nextLane() -> Lane? {
    func rank(_ lane: Lane, _ line: WaitingLine) -> (Int, UInt64) {
      (runningOfOwner[lane.owner, default: 0], line.firstTicket)
    }
    return waiting.filter { hasRoom($0.key.pool) }
      .min { rank($0.key, $0.value) < rank($1.key, $1.value) }?.key
  }

  private mutating func append(_ id: JobID, _ lane: Lane) {
    waiting[lane, default: WaitingLine()].append(id, lastTicket)
    laneOfWaiting[id] = lane
  }

  private mutating func forgetWaiting(_ id: JobID, _ lane: Lane) {
    laneOfWaiting[id] = nil
    if waiting[lane]?.count == 0 { waiting[lane] = nil }
  }

  private mutating func take(_ id: JobID, _ lane: Lane, _ ticket: UInt64) {
    places[id] = (lane, ticket)
    runningOfOwner[lane.owner, default: 0] += 1
    if let pool = lane.pool { runningInPool[pool, default: 0] += 1 }
  }

  private mutating func leavePlace(_ id: JobID) {
    guard let (lane, _) = places.removeValue(forKey: id) else { return }
    Self.decrement(&runningOfOwner, lane.owner)
    if let pool = lane.pool { Self.decrement(&runningInPool, pool) }
  }

  private static func decrement<Key>(_ counts: inout [Key: Int], _ key: Key) {
    let count = counts[key, default: 0] - 1
    counts[key] = count > 0 ? count : nil
  }
}
