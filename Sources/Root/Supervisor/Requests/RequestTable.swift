import AgentProtocol
import SupervisorLink

/// What a listener can have done for a client: nothing but this.
struct RequestRow {
  /// The request's name in the protocol, in logs and in tests.
  let stem: String
  /// Whether it is heard while agentd is stopping.
  let whileStopping: Bool
  /// Whether it changes anything: what does is in the audit log.
  let changes: Bool
  /// Does it. It answers the request, now or later.
  let handler: (Jobs, ClientRequest) -> Void
}

extension JobCommand {
  /// The row of this command in the table of requests.
  var row: RequestRow {
    switch self {
    case .showAgent:
      RequestRow(stem: "showAgent", whileStopping: true, changes: false) { $1.answer(.permitted) }
    case .submitJob(let id, let job):
      RequestRow(stem: "submitJob", whileStopping: false, changes: true) { $0.submitJob(id, job, $1) }
    case .showJob(let id, let wait):
      RequestRow(stem: "showJob", whileStopping: true, changes: false) { $0.showJob(id, wait: wait, $1) }
    case .listJobs(let filter):
      RequestRow(stem: "listJobs", whileStopping: true, changes: false) { $0.listJobs(filter, $1) }
    case .openOutput(let id, let stream, let follow):
      RequestRow(stem: "openOutput", whileStopping: true, changes: false) {
        $0.openOutput(id, stream, follow: follow, $1)
      }
    case .cancelJob(let id):
      RequestRow(stem: "cancelJob", whileStopping: true, changes: true) { $0.cancelJob(id, $1) }
    case .deleteJob(let id):
      RequestRow(stem: "deleteJob", whileStopping: true, changes: true) { $0.deleteJob(id, $1) }
    case .showMetrics:
      RequestRow(stem: "showMetrics", whileStopping: true, changes: false) { $0.showMetrics($1) }
    case .nextEvents(let position, let wait):
      RequestRow(stem: "nextEvents", whileStopping: true, changes: false) {
        $0.nextEvents(after: position, wait: wait, $1)
      }
    }
  }

  /// The job that the command is about; `nil` for none in particular.
  var job: JobID? {
    switch self {
    case .submitJob(let id, _), .showJob(let id, _), .openOutput(let id, _, _),
      .cancelJob(let id), .deleteJob(let id):
      id
    case .showAgent, .listJobs, .showMetrics, .nextEvents: nil
    }
  }
}

extension Jobs {
  /// Has a request done, if the client may have it done at all. Whether it may for a certain job is asked where the job is looked
  /// up, `knownStatus(_:for:_:)`.
  func handle(_ request: ClientRequest) {
    let row = request.command.row
    do throws(Problem) {
      let rights = try policy.rights(of: request.client)
      request.rights = rights
      if row.changes { try rights.checkChange() }
      guard row.whileStopping || !isStopping else {
        throw Problem(.unavailable, "this agent is stopping; ask again when it is back")
      }
    } catch {
      return request.answer(.problem(error))
    }
    row.handler(self, request)
  }
}
