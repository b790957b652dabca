import AgentProtocol
import TestSupport
import Values

@testable import JobLedger

/// A ledger in its own folder.
final class LedgerBench {
  let home: TemporaryFolder
  var ledger: JobLedger!
  var path: String { home.path("ledger.sqlite") }

  init() throws {
    home = try TemporaryFolder()
    ledger = try JobLedger(path: path)
  }

  /// Closes the ledger and reopens it, like a new supervisor.
  func reopen() throws {
    ledger = nil
    ledger = try JobLedger(path: path)
  }

  /// Records a job without committing.
  @discardableResult
  func insert(
    _ id: String, state: JobState = .accepted, client: String = "c1", at milliseconds: Int64 = 1000,
    labels: [String: String] = [:]
  ) throws -> JobStatus {
    var status = JobStatus.sample(id, client: client, at: milliseconds)
    status.labels = labels
    status = try ledger.insert(status, request: JobRequest(command: status.command))
    for event in state.way { status = try ledger.update(status, on: event) }
    return status
  }
}

extension JobState {
  /// The events that lead from an accepted job to this state.
  var way: [JobEvent] {
    switch self {
    case .accepted: []
    case .queued: [.noPlaceIsFree]
    case .running: [.start]
    default: [.start, JobEvent(endingIn: self)!]
    }
  }
}

extension JobStatus {
  static func sample(
    _ id: String, state: JobState = .accepted, client: String = "c1", at milliseconds: Int64 = 1000
  ) -> JobStatus {
    var status = JobStatus(
      accepted: JobID(id)!, command: ["/bin/echo", id], user: "batch",
      client: ClientIdentity(subject: "CN=\(client)", thumbprint: Thumbprint(repeating: client)),
      at: Timestamp(milliseconds: milliseconds),
      labels: [:])
    status.state = state
    return status
  }
}

extension JobPage {
  var ids: [String] { jobs.map(\.id.description) }
}

extension JobFilter {
  /// Returns a filter for each combination, for failed jobs or all.
  static func combinations(clients: [String?], since: [Int64?]) -> [JobFilter] {
    [JobState.failed, nil].flatMap { state in
      clients.flatMap { client in
        since.map { since in
          var filter = JobFilter()
          filter.state = state
          filter.client = client.map(Thumbprint.init(repeating:))
          filter.since = since.map(Timestamp.init(milliseconds:))
          return filter
        }
      }
    }
  }
}
