import AgentProtocol

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
    case .submitJob(let id, let job):
      RequestRow(stem: "submitJob", whileStopping: false, changes: true) { $0.submitJob(id, job, $1) }
    case .showJob(let id, let wait):
      RequestRow(stem: "showJob", whileStopping: true, changes: false) { $0.showJob(id, wait: wait, $1) }
    case .listJobs(let filter):
      RequestRow(stem: "listJobs", whileStopping: true, changes: false) { $0.listJobs(filter, $1) }
    case .openOutput(let id, let follow):
      RequestRow(stem: "openOutput", whileStopping: true, changes: false) { $0.openOutput(id, follow: follow, $1) }
    case .cancelJob(let id):
      RequestRow(stem: "cancelJob", whileStopping: true, changes: true) { $0.cancelJob(id, $1) }
    case .deleteJob(let id):
      RequestRow(stem: "deleteJob", whileStopping: true, changes: true) { $0.deleteJob(id, $1) }
    }
  }

  /// The job that the command is about; `nil` for none in particular.
  var job: JobID? {
    switch self {
    case .submitJob(let id, _), .showJob(let id, _), .openOutput(let id, _), .cancelJob(let id), .deleteJob(let id): id
    case .listJobs: nil
    }
  }
}

extension Jobs {
  /// Has a request done.
  func handle(_ request: ClientRequest) {
    let row = request.command.row
    guard row.whileStopping || !isStopping else {
      return request.answer(.problem(Problem(.unavailable, "this agent is stopping; ask again when it is back")))
    }
    row.handler(self, request)
  }
}
