import AgentProtocol
import JobLedger
import Logging

/// The ledger, with all changes of a turn in one transaction and one fsync(2): what follows from a change (an answer, the
/// start of a job) happens after it is on disk, or does not happen.
final class GroupCommit {
  private let ledger: JobLedger
  private let log: SupervisorLog
  private var followers: [(Problem?) -> Void] = []
  private var failure: LedgerError?
  private var changes: [EventLog.Entry] = []
  /// Told of the changes of each transaction, once they are on disk.
  var committed: ([EventLog.Entry]) -> Void = { _ in }

  init(_ ledger: JobLedger, log: SupervisorLog) {
    self.ledger = ledger
    self.log = log
  }

  /// Bytes that the ledger takes on the disk.
  var size: Int64 { ledger.size }

  /// The status of a job as the changes of this turn leave it, `nil` if it is unknown.
  func status(of id: JobID) throws(LedgerError) -> JobStatus? { try ledger.status(of: id) }

  /// What the client asked for when it submitted the job, `nil` if the job is unknown.
  func request(of id: JobID) throws(LedgerError) -> JobRequest? { try ledger.request(of: id) }

  /// A page of jobs, of one owner's if there is one.
  func page(_ filter: JobFilter, owner: JobOwner? = nil) throws(LedgerError) -> JobPage {
    switch owner {
    case nil: return try ledger.page(filter)
    case .subject(let subject): return try ledger.page(filter, subject: subject)
    case .thumbprint(let thumbprint):
      if let client = filter.client, client != thumbprint { return JobPage(jobs: [], cursor: nil) }
      var filter = filter
      filter.client = thumbprint
      return try ledger.page(filter)
    }
  }

  /// All jobs that have not ended, in the order of their submission.
  func unfinished() throws(LedgerError) -> [JobStatus] { try ledger.unfinished() }

  /// How much there is of jobs that have ended.
  func ended() throws(LedgerError) -> EndedJobs { try ledger.ended() }

  /// The jobs that ended first.
  func endedFirst(limit: Int) throws(LedgerError) -> [EndedJob] { try ledger.endedFirst(limit: limit) }

  /// Records a new job, in the state after `event`.
  func insert(_ status: JobStatus, request: JobRequest, then event: JobEvent) {
    change { ledger throws(LedgerError) in try ledger.insert(status, request: request, then: event) }
    note(status, JobState.accepted.after(event))
  }

  /// Records what happened to a job.
  ///
  /// - Throws: `LedgerError` of kind `.forbidden` if it cannot happen in the job's state; nothing is changed. Any other failure
  ///   shows at the end of the turn.
  func update(_ status: JobStatus, on event: JobEvent) throws(LedgerError) {
    var refusal: LedgerError?
    change { ledger throws(LedgerError) in
      do throws(LedgerError) { try ledger.update(status, on: event) } catch  where error.kind == .forbidden {
        refusal = error
      }
    }
    if let refusal { throw refusal }
    note(status, event == .start ? .running : JobState.running.after(event))
  }

  /// Forgets a job.
  func delete(_ id: JobID) {
    change { ledger throws(LedgerError) in try ledger.delete(id) }
  }

  /// Calls `follower` when the changes of this turn are on disk, or with the problem that kept them from it.
  func afterwards(_ follower: @escaping (Problem?) -> Void) {
    followers.append(follower)
  }

  /// Ends the turn. Followers may make changes themselves: these are committed too, in their turn, before it returns.
  func commit() {
    while ledger.hasChanges || failure != nil || !followers.isEmpty {
      let problem = commitOnce()
      let due = followers
      followers = []
      for follower in due { follower(problem) }
    }
  }

  // When one change fails, all changes of the turn fail: they cannot be told apart in the transaction.
  private func change(_ body: (JobLedger) throws(LedgerError) -> Void) {
    guard failure == nil else { return }
    do throws(LedgerError) { try body(ledger) } catch { failure = error }
  }

  private func note(_ status: JobStatus, _ state: JobState?) {
    if let state {
      changes.append(EventLog.Entry(change: StateChange(status, to: state), owner: JobOwner(status.client)))
    }
  }

  private func commitOnce() -> Problem? {
    defer { changes = [] }
    do throws(LedgerError) {
      if let failure { throw failure }
      try ledger.commit()
      committed(changes)
      return nil
    } catch {
      failure = nil
      ledger.rollback()
      log.logger.error("ledger: \(error)")
      return Problem(error)
    }
  }
}

extension Problem {
  /// What a client is told of a ledger that fails. The path and the details are for the log.
  init(_ error: LedgerError) {
    switch error.kind {
    case .full: self.init(.noSpace, "the disk that holds the job ledger is full")
    case .badCursor: self.init(.badRequest, "cursor: does not come from a page of jobs")
    default: self.init(.fault, "the job ledger failed; agentd's log says why")
    }
  }
}
