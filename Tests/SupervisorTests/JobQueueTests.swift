import AgentProtocol
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Jobs start in the order of submission, and never more of them than allowed.
struct JobQueueTests {
  private func id(_ number: Int) -> JobID { JobID("job-\(number)")! }
  private func lane(_ pool: String? = nil, of owner: String = "CN=a") -> JobQueue.Lane {
    JobQueue.Lane(pool: pool, owner: JobOwner(ClientIdentity(subject: owner, thumbprint: .unknown)))
  }

  @Test func jobsRunUntilThePlacesAreTakenThenWaitThenAreRefused() {
    var queue = JobQueue(maxRunning: 2, maxQueued: 1)
    #expect((0..<4).map { queue.admit(id($0), in: lane()) } == [.runs, .runs, .waits, .full])
    #expect(queue.running == 2 && queue.queued == 1)
  }

  @Test func nobodyOvertakesAJobThatWaits() {
    var queue = JobQueue(maxRunning: 1, maxQueued: 10)
    _ = queue.admit(id(0), in: lane())
    _ = queue.admit(id(1), in: lane())
    queue.remove(id(0))
    #expect(queue.admit(id(2), in: lane()) == .waits)
    #expect(queue.next() == id(1))
    #expect(queue.next() == nil)
  }

  @Test func aJobThatIsPutBackIsTheNextAgain() {
    var queue = JobQueue(maxRunning: 1, maxQueued: 10)
    for number in 0..<4 { _ = queue.admit(id(number), in: lane()) }
    queue.remove(id(0))
    #expect(queue.next() == id(1))
    queue.putBack(id(1))
    #expect(queue.running == 0 && queue.isWaiting(id(1)))
    queue.remove(id(2))
    #expect(queue.next() == id(1))
    queue.remove(id(1))
    #expect(queue.next() == id(3))
  }

  @Test func jobsOfBeforeARestartAreTakenInBeyondTheLimits() {
    var queue = JobQueue(maxRunning: 1, maxQueued: 0)
    queue.readmitRunning(id(0), in: lane())
    queue.readmitRunning(id(1), in: lane())
    queue.readmitWaiting(id(2), in: lane())
    #expect(queue.running == 2 && queue.queued == 1)
    #expect(queue.next() == nil)
    queue.remove(id(0))
    queue.remove(id(1))
    #expect(queue.next() == id(2))
  }

  @Test func aFullPoolKeepsOnlyItsOwnJobsWaiting() {
    var queue = JobQueue(maxRunning: 3, maxQueued: 10, pools: ["backup": 1, "idle": 1])
    #expect(queue.admit(id(0), in: lane("backup")) == .runs)
    #expect(queue.admit(id(1), in: lane("backup")) == .waits)
    #expect(queue.admit(id(2), in: lane("backup", of: "CN=b")) == .waits)
    // Others overtake those that wait for the pool, as long as there are free places.
    #expect(queue.admit(id(3), in: lane()) == .runs)
    #expect(queue.admit(id(4), in: lane("gone")) == .runs)
    #expect(queue.admit(id(5), in: lane()) == .waits)
    #expect(
      queue.poolCapacities == [
        PoolCapacity(name: "backup", maxRunning: 1, running: 1, queued: 2),
        PoolCapacity(name: "idle", maxRunning: 1, running: 0, queued: 0),
      ])
    queue.remove(id(3))
    #expect(queue.next() == id(5) && queue.next() == nil)
    queue.remove(id(0))
    #expect(queue.next() == id(2), "the client that has fewer running")
    queue.remove(id(2))
    #expect(queue.next() == id(1) && queue.next() == nil)
    #expect(queue.queued == 0 && queue.running == 3)
  }

  @Test func aClientWithManyJobsDoesNotKeepOutOneWithFew() {
    var queue = JobQueue(maxRunning: 2, maxQueued: 2000)
    for number in 0..<1000 { _ = queue.admit(id(number), in: lane(of: "CN=many")) }
    for number in 1000..<1003 { _ = queue.admit(id(number), in: lane(of: "CN=few")) }
    queue.remove(id(0))
    #expect(queue.next() == id(1000))
    queue.remove(id(1))
    #expect(queue.next() == id(2), "one runs of each; the older one")
    queue.remove(id(1000))
    #expect(queue.next() == id(1001))
  }

  @Test func oneClientCannotTakeEveryPlaceOfTheQueue() {
    var queue = JobQueue(maxRunning: 0, maxQueued: 80)
    for number in 0..<70 { #expect(queue.admit(id(number), in: lane(of: "CN=many")) == .waits) }
    #expect(queue.admit(id(70), in: lane("pool", of: "CN=many")) == .keptForOthers)
    for number in 71..<80 { #expect(queue.admit(id(number), in: lane(of: "CN=few")) == .waits) }
    #expect(queue.admit(id(80), in: lane(of: "CN=few")) == .keptForOthers)
    #expect(queue.admit(id(81), in: lane(of: "CN=third")) == .waits)
    #expect(queue.admit(id(82), in: lane(of: "CN=fourth")) == .full)
    for number in 0..<9 { queue.remove(id(number)) }
    #expect(queue.admit(id(83), in: lane(of: "CN=many")) == .waits)
  }

  @Test func twoGreedyClientsLeavePlacesForAnother() {
    var queue = JobQueue(maxRunning: 0, maxQueued: 150)
    for number in 0..<150 { _ = queue.admit(id(number), in: lane(of: "CN=greedy \(number % 2)")) }
    #expect(queue.waiting(of: lane(of: "CN=greedy 0").owner) == 70)
    #expect(queue.waiting(of: lane(of: "CN=greedy 1").owner) == 70)
    for number in 150..<158 { #expect(queue.admit(id(number), in: lane(of: "CN=good")) == .waits) }
  }

  @Test(arguments: 0..<20)
  func itBehavesLikeAPlainList(seed: UInt64) {
    var random = RepeatableRandom(seed: seed)
    var queue = JobQueue(maxRunning: 5, maxQueued: 3000)
    let most = 2625  // seven eighths
    var (running, waiting): (Set<JobID>, [JobID]) = ([], [])
    for number in 0..<6000 {
      switch random.next() % 8 {
      case 0..<4:
        let expected: JobQueue.Admission =
          waiting.isEmpty && running.count < 5 ? .runs : waiting.count < most ? .waits : .keptForOthers
        #expect(queue.admit(id(number), in: lane()) == expected)
        if expected == .runs { running.insert(id(number)) }
        if expected == .waits { waiting.append(id(number)) }
      case 4:
        if let one = waiting.randomElement(using: &random) {
          queue.remove(one)
          waiting.removeAll { $0 == one }
        }
      case 5:
        if let one = running.randomElement(using: &random) {
          queue.remove(one)
          running.remove(one)
        }
      case 6:
        if let one = running.randomElement(using: &random) {
          queue.putBack(one)
          running.remove(one)
          waiting.insert(one, at: 0)
        }
      default:
        let expected = running.count < 5 ? waiting.first : nil
        #expect(queue.next() == expected)
        if let expected {
          waiting.removeFirst()
          running.insert(expected)
        }
      }
      #expect(queue.running == running.count && queue.queued == waiting.count)
    }
  }
}
