import AgentProtocol
import SupervisorLink

/// One kind of request. A listener can request nothing else for a client.
struct RequestRow {
  /// The name of the request in the protocol, in logs and in tests.
  let stem: String
  /// Whether it is accepted while agentd is stopping.
  let whileStopping: Bool
  /// Whether it changes anything; if so, the audit log records it.
  let changes: Bool
  /// Executes the request and answers it, now or later.
  let handler: (Jobs, ClientRequest) -> Void
}

extension JobCommand {
  /// The row of this command in the table of requests.
  var row: RequestRow {
    switch self {
    case .showAgent:
      RequestRow(stem: "showAgent", whileStopping: true, changes: false) { $1.answer(.permitted) }
    case .permitSubmit:
      RequestRow(stem: "permitSubmit", whileStopping: false, changes: false) { $0.permitSubmit($1) }
    case .submitJob(let id, let job, let trace):
      RequestRow(stem: "submitJob", whileStopping: false, changes: true) { jobs, request in
        jobs.withJob(id, of: request) { jobs.submitJob($0, job, trace, request) }
      }
    case .showJob(let id, let wait):
      RequestRow(stem: "showJob", whileStopping: true, changes: false) { jobs, request in
        jobs.withJob(id, of: request) { jobs.showJob($0, wait: wait, request) }
      }
    case .listJobs(let filter):
      RequestRow(stem: "listJobs", whileStopping: true, changes: false) { $0.listJobs(filter, $1) }
    case .openOutput(let id, let stream, let follow):
      RequestRow(stem: "openOutput", whileStopping: true, changes: false) { jobs, request in
        jobs.withJob(id, of: request) { jobs.openOutput($0, stream, follow: follow, request) }
      }
    case .cancelJob(let id):
      RequestRow(stem: "cancelJob", whileStopping: true, changes: true) { jobs, request in
        jobs.withJob(id, of: request) { jobs.cancelJob($0, request) }
      }
    case .cancelJobs(let subject):
      RequestRow(stem: "cancelJobs", whileStopping: true, changes: true) { $0.cancelJobs(of: subject, $1) }
    case .deleteJob(let id):
      RequestRow(stem: "deleteJob", whileStopping: true, changes: true) { jobs, request in
        jobs.withJob(id, of: request) { jobs.deleteJob($0, request) }
      }
    case .showMetrics:
      RequestRow(stem: "showMetrics", whileStopping: true, changes: false) { $0.showMetrics($1) }
    case .refresh:
      // Not a change: it says nothing that a client could be wrong about, and a client that may only look may say it.
      RequestRow(stem: "refresh", whileStopping: false, changes: false) { $0.refresh($1) }
    case .nextEvents(let position, let wait):
      RequestRow(stem: "nextEvents", whileStopping: true, changes: false) {
        $0.nextEvents(after: position, wait: wait, $1)
      }
    }
  }

  /// The job that the command refers to; `nil` if it refers to none in particular.
  var job: JobID? {
    switch self {
    case .submitJob(let id, _, _), .showJob(let id, _), .openOutput(let id, _, _),
      .cancelJob(let id), .deleteJob(let id):
      id
    case .showAgent, .permitSubmit, .listJobs, .cancelJobs, .showMetrics, .refresh, .nextEvents: nil
    }
  }
}

extension Jobs {
  /// Executes a request if the client may make it at all.
  ///
  /// Whether it may do so for a certain job is checked where the job is looked up, `knownStatus(_:for:_:)`.
  func handle(_ request: ClientRequest) {
    do throws(Problem) { try admit(request) } catch { return request.answer(.problem(error)) }
    request.command.row.handler(self, request)
  }

  /// Records what the client may do by the present rules.
  ///
  /// - Throws: `Problem` if it may not make the request, whatever the job.
  func admit(_ request: ClientRequest) throws(Problem) {
    request.rights = nil
    let (row, rights) = (request.command.row, try policy.rights(of: request.client))
    request.rights = rights
    if row.changes { try rights.checkChange() }
    guard row.whileStopping || !isStopping else {
      throw Problem(.unavailable, "this agent is stopping; ask again when it is back")
    }
  }
}
