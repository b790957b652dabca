import AgentProtocol
import JobLedger
import Logging
import Values
import Wording

/// The ledger, with all changes of a turn in one transaction and one fsync(2).
///
/// What follows from a change (an answer, the start of a job) happens after it is on disk, or not at all.
final class GroupCommit {
  private let ledger: JobLedger
  private let log: SupervisorLog
  private var followers: [(Problem?) -> Void] = []
  private var failure: LedgerError?
  private var changes: [EventLog.Entry] = []
  /// Called with the changes of each transaction once they are on disk.
  var committed: ([EventLog.Entry]) -> Void = { _ in }
  /// Called after each try to write a transaction, with the error if it failed.
  var written: (LedgerError?) -> Void = { _ in }

  init(_ ledger: JobLedger, log: SupervisorLog) {
    self.ledger = ledger
    self.log = log
  }

  /// The size of the ledger on disk, in bytes.
  var size: Int64 { ledger.size }

  /// Returns the status of a job including the changes of this turn, `nil` if it is unknown.
  func status(of id: JobID) throws(LedgerError) -> JobStatus? { try ledger.status(of: id) }

  /// Returns what the client asked for when it submitted the job, `nil` if the job is unknown.
  func request(of id: JobID) throws(LedgerError) -> JobRequest? { try ledger.request(of: id) }

  /// Returns the newest job with this ID in the ID space of a single owner.
  func newestOwn(_ id: JobID) throws(LedgerError) -> JobID? { try ledger.newestOwn(id) }

  /// Returns who submitted a job; `nil` if it is unknown.
  func client(of id: JobID) throws(LedgerError) -> RecordedClient? { try ledger.client(of: id) }

  /// Returns a page of jobs, limited to those of `client` if one is given; see `JobLedger.page(_:subject:_:)`.
  func page(
    _ filter: JobFilter, of client: ClientIdentity?, _ present: (JobStatus) -> JobStatus
  ) throws(LedgerError) -> JobPageDocument {
    guard let client else { return try ledger.page(filter, present) }
    if !client.subject.isEmpty { return try ledger.page(filter, subject: client.subject, present) }
    if let asked = filter.client, asked != client.thumbprint {
      return JobPageDocument(jobs: JSONWriter(), count: 0, cursor: nil)
    }
    var filter = filter
    filter.client = client.thumbprint
    return try ledger.page(filter, present)
  }

  /// Returns all jobs that have not ended, in the order of submission.
  func unfinished() throws(LedgerError) -> [JobStatus] { try ledger.unfinished() }

  /// Returns the number and size of the ended jobs, by owner.
  func ended() throws(LedgerError) -> [ExactText: EndedJobs] { try ledger.ended() }

  /// Returns the jobs that ended first, of all owners or of one.
  func endedFirst(of owner: String? = nil, limit: Int) throws(LedgerError) -> [EndedJob] {
    try ledger.endedFirst(of: owner, limit: limit)
  }

  /// Returns the moment before which jobs ended that may be forgotten after `days`; `nil` if there can be none.
  func endsToForget(after days: Int) throws(LedgerError) -> Timestamp? { try ledger.endsToForget(after: days) }

  /// Reads the clock now and then; see `JobLedger`.
  func noteAge(keeping days: Int?) {
    change { ledger throws(LedgerError) in try ledger.noteAge(keeping: days) }
  }

  /// Returns what is known of a job of which only the ID is kept.
  func spent(_ id: JobID) throws(LedgerError) -> SpentJob? { try ledger.spent(id) }

  /// Records a new job, in the state after `event`.
  func insert(_ status: JobStatus, request: JobRequest, names: [ClientName]?, then event: JobEvent) {
    change { ledger throws(LedgerError) in try ledger.insert(status, request: request, names: names, then: event) }
    note(status, JobState.accepted.after(event))
  }

  /// Records what happened to a job.
  ///
  /// - Throws: `LedgerError` of kind `.forbidden` if the job's state does not allow it; nothing is changed. Any other failure shows at the
  ///   end of the turn.
  func update(_ status: JobStatus, on event: JobEvent, diskBytes: Int64? = nil) throws(LedgerError) {
    var refusal: LedgerError?
    change { ledger throws(LedgerError) in
      do throws(LedgerError) { try ledger.update(status, on: event, diskBytes: diskBytes) } catch
        where error.kind == .forbidden
      {
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

  /// Forgets a job that has ended, except for its ID and how it ended.
  func forgetButID(_ id: JobID) {
    change { ledger throws(LedgerError) in try ledger.forgetButID(id) }
  }

  /// Forgets spent IDs for good; see `JobLedger`.
  func forgetSpent(endedBefore moment: Timestamp?, limit: Int) -> Int {
    var count = 0
    change { ledger throws(LedgerError) in count = try ledger.forgetSpent(endedBefore: moment, limit: limit) }
    return count
  }

  /// Calls `follower` when the changes of this turn are on disk, or with the problem that prevented it.
  func afterwards(_ follower: @escaping (Problem?) -> Void) {
    followers.append(follower)
  }

  /// Ends the turn. Followers may make changes themselves; these are committed too before it returns.
  func commit() {
    while ledger.hasChanges || failure != nil || !followers.isEmpty {
      let problem = commitOnce()
      let due = followers
      followers = []
      for follower in due { follower(problem) }
    }
  }

  // If one change fails, all changes of the turn fail: they share the transaction.
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
      let isWritten = ledger.hasChanges
      try ledger.commit()
      if isWritten {
        written(nil)
        log.ledgerWorks()
      }
      committed(changes)
      return nil
    } catch {
      failure = nil
      ledger.rollback()
      written(error)
      log.ledgerFails(error)
      return Problem(error)
    }
  }
}

extension Problem {
  /// The problem that a client sees when the ledger fails. The path and the details are for the log.
  init(_ error: LedgerError) {
    switch error.kind {
    case .full: self.init(.noSpace, "the disk that holds the job ledger is full")
    case .diskFails:
      self.init(.noSpace, "the disk that holds the job ledger fails: \(error.cause ?? "agentd's log says why")")
    case .badCursor: self.init(.badRequest, "cursor: does not come from a page of jobs")
    default: self.init(.fault, "the job ledger failed; agentd's log says why")
    }
  }
}
