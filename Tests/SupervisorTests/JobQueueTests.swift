import AgentProtocol
import Testing

@testable import Supervisor

/// Jobs start in the order of their submission, and there are never more of them than allowed.
struct JobQueueTests {
  private func id(_ number: Int) -> JobID { JobID("job-\(number)")! }

  @Test func jobsRunUntilThePlacesAreTakenThenWaitThenAreRefused() {
    var queue = JobQueue(maxRunning: 2, maxQueued: 1)
    #expect((0..<4).map { queue.admit(id($0)) } == [.runs, .runs, .waits, .full])
    #expect(queue.running == 2 && queue.queued == 1)
  }

  @Test func nobodyOvertakesAJobThatWaits() {
    var queue = JobQueue(maxRunning: 1, maxQueued: 10)
    _ = queue.admit(id(0))
    _ = queue.admit(id(1))
    queue.remove(id(0))
    #expect(queue.admit(id(2)) == .waits)
    #expect(queue.next() == id(1))
    #expect(queue.next() == nil)
  }

  @Test func aJobThatIsPutBackIsTheNextAgain() {
    var queue = JobQueue(maxRunning: 1, maxQueued: 10)
    for number in 0..<4 { _ = queue.admit(id(number)) }
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
    queue.readmitRunning(id(0))
    queue.readmitRunning(id(1))
    queue.readmitWaiting(id(2))
    #expect(queue.running == 2 && queue.queued == 1)
    #expect(queue.next() == nil)
    queue.remove(id(0))
    queue.remove(id(1))
    #expect(queue.next() == id(2))
  }

  @Test(arguments: 0..<20)
  func itBehavesLikeAPlainList(seed: UInt64) {
    var random = SplitMix(state: seed)
    var queue = JobQueue(maxRunning: 5, maxQueued: 3000)
    var (running, waiting): (Set<JobID>, [JobID]) = ([], [])
    for number in 0..<6000 {
      switch random.next() % 8 {
      case 0..<4:
        let expected: JobQueue.Admission =
          waiting.isEmpty && running.count < 5 ? .runs : waiting.count < 3000 ? .waits : .full
        #expect(queue.admit(id(number)) == expected)
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

/// A generator whose numbers are the same in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
