import AgentProtocol
import Testing
import Values

@testable import JobLedger

/// Goal: the ledger accepts the transitions in the table, repeated here, and no others: a refused one leaves the record, and other changes
/// in the turn, as they were.
struct OnlyTheTablesTransitionsHappen {
  static let table: [JobState: [JobEvent: JobState]] = [
    .accepted: [.noPlaceIsFree: .queued, .start: .running, .cancel: .cancelled],
    .queued: [.start: .running, .cancel: .cancelled],
    .running: [
      .exitWithZero: .succeeded, .exitWithOther: .failed, .signal: .killed, .timeout: .timedOut, .cancel: .cancelled,
      .outputLimit: .outputLimit, .refusedStart: .couldNotStart, .loss: .interrupted,
    ],
    .succeeded: [:], .failed: [:], .killed: [:], .timedOut: [:], .cancelled: [:], .outputLimit: [:],
    .couldNotStart: [:],
    .interrupted: [:],
  ]

  @Test(arguments: JobState.allCases) func everyEvent(in state: JobState) throws {
    let following = try #require(Self.table[state])
    #expect(state.isFinal == following.isEmpty)
    let bench = try LedgerBench()
    for event in JobEvent.allCases {
      let before = try bench.insert("job-\(event)", state: state)
      try bench.ledger.commit()
      var change = before
      (change.reason, change.exitCode, change.finishedAt) = ("changed", 7, Timestamp(milliseconds: 9))
      // Another change in the same turn.
      try bench.insert("beside-\(event)")
      guard let next = following[event] else {
        let error = try #require(throws: LedgerError.self) { try bench.ledger.update(change, on: event) }
        #expect(error.kind == .forbidden)
        #expect(error.description == "job job-\(event) is \(state.rawValue): \(event.rawValue) cannot happen to it")
        #expect(try bench.ledger.status(of: before.id) == before, "\(state) \(event)")
        continue
      }
      change.state = next
      #expect(try bench.ledger.update(change, on: event) == change)
      #expect(try bench.ledger.status(of: before.id) == change, "\(state) \(event)")
    }
    try bench.ledger.commit()
    for event in JobEvent.allCases { #expect(try bench.ledger.status(of: JobID("beside-\(event)")!) != nil) }
  }

  @Test(arguments: JobEvent.allCases) func everyEventAtTheInsertion(_ event: JobEvent) throws {
    let bench = try LedgerBench()
    let status = JobStatus.sample("job")
    let next = Self.table[.accepted]?[event]
    let recorded = try? bench.ledger.insert(status, request: JobRequest(command: status.command), then: event)
    #expect(recorded?.state == next)
    #expect(try bench.ledger.status(of: status.id)?.state == next)
  }

  @Test func everyFinalStateHasItsEvent() {
    for state in JobState.allCases {
      #expect(JobEvent(endingIn: state).flatMap(JobState.running.after) == (state.isFinal ? state : nil))
    }
  }
}
