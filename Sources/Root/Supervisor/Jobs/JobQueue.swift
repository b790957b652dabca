import AgentProtocol

/// Keeps track of which jobs wait and how many run.
///
/// The next job is one of the owner with the fewest running jobs; among several, the one that has waited longest. So the jobs of an owner
/// run in the order of submission, and an owner with a thousand jobs does not keep out one with a single job.
struct JobQueue {
  /// A group of jobs that wait for the same thing: those of one owner in one pool.
  struct Lane: Hashable {
    var pool: String?
    var owner: JobOwner
  }

  /// The maximum number of running jobs.
  var maxRunning: Int
  /// The maximum number of waiting jobs.
  var maxQueued: Int
  /// The maximum number of running jobs of each pool. A pool that no longer exists sets no limit.
  var pools: [String: Int]
  private var places: [JobID: (lane: Lane, ticket: UInt64)] = [:]
  private var runningOfOwner: [JobOwner: Int] = [:]
  private var runningInPool: [String: Int] = [:]
  private var waiting: [Lane: WaitingLine] = [:]
  private var laneOfWaiting: [JobID: Lane] = [:]
  private var waitingOfOwner: [JobOwner: Int] = [:]
  private var lastTicket: UInt64 = 0

  init(maxRunning: Int, maxQueued: Int, pools: [String: Int] = [:]) {
    self.maxRunning = maxRunning
    self.maxQueued = maxQueued
    self.pools = pools
  }

  /// What happens to a new job.
  enum Admission: Equatable {
    /// It runs: a place is reserved for it.
    case runs
    /// It waits, after all others of its lane.
    case waits
    /// The queue is full.
    case full
    /// The remaining places are kept for other clients.
    case keptForOthers
  }

  /// The number of jobs that have a running place.
  var running: Int { places.count }
  /// The number of waiting jobs.
  var queued: Int { laneOfWaiting.count }

  /// How many times the places that are free one client may hold: it gets seven eighths of those that others leave. So even several
  /// clients that take all they get leave places for another; see `ClientShares`.
  private static let greed = 7

  /// Returns the number of waiting jobs of an owner.
  func waiting(of owner: JobOwner) -> Int { waitingOfOwner[owner, default: 0] }

  /// The load of each pool, sorted by name.
  var poolCapacities: [PoolCapacity] {
    var queued: [String: Int] = [:]
    for (lane, line) in waiting { if let pool = lane.pool { queued[pool, default: 0] += line.count } }
    return pools.sorted { $0.key < $1.key }.map { name, most in
      PoolCapacity(
        name: name, maxRunning: most, running: runningInPool[name, default: 0], queued: queued[name, default: 0])
    }
  }

  /// Admits a job. It runs at once only if no waiting job could run instead.
  mutating func admit(_ id: JobID, in lane: Lane) -> Admission {
    lastTicket += 1
    if running < maxRunning, hasRoom(lane.pool), nextLane() == nil {
      take(id, lane, lastTicket)
      return .runs
    }
    guard queued < maxQueued else { return .full }
    guard waiting(of: lane.owner) < Self.greed * (maxQueued - queued) else { return .keptForOthers }
    append(id, lane)
    return .waits
  }

  /// Admits a job that waited before a restart, regardless of the present limit.
  mutating func readmitWaiting(_ id: JobID, in lane: Lane) {
    lastTicket += 1
    append(id, lane)
  }

  /// Admits a job that ran before a restart, regardless of the present limit.
  mutating func readmitRunning(_ id: JobID, in lane: Lane) {
    take(id, lane, 0)
  }

  /// Returns the job whose turn it is and gives it a running place, if one is free.
  mutating func next() -> JobID? {
    guard running < maxRunning, let lane = nextLane(), let (id, ticket) = waiting[lane]?.removeFirst() else {
      return nil
    }
    forgetWaiting(id, lane)
    take(id, lane, ticket)
    return id
  }

  /// Takes a job's place and puts it back at the front of its lane, because it cannot be started at present.
  mutating func putBack(_ id: JobID) {
    guard let (lane, ticket) = places[id] else { return }
    leavePlace(id)
    waiting[lane, default: WaitingLine()].prepend(id, ticket)
    noteWaiting(id, lane)
  }

  /// Removes a job, whether it runs or waits.
  mutating func remove(_ id: JobID) {
    leavePlace(id)
    guard let lane = laneOfWaiting[id] else { return }
    waiting[lane]?.remove(id)
    forgetWaiting(id, lane)
  }

  /// Returns whether the job waits.
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
    noteWaiting(id, lane)
  }

  private mutating func noteWaiting(_ id: JobID, _ lane: Lane) {
    laneOfWaiting[id] = lane
    waitingOfOwner[lane.owner, default: 0] += 1
  }

  private mutating func forgetWaiting(_ id: JobID, _ lane: Lane) {
    laneOfWaiting[id] = nil
    Self.decrement(&waitingOfOwner, lane.owner)
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
