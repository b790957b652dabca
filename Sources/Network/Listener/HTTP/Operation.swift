import AgentProtocol
import NIOHTTP1

/// The operations of the HTTP API: one case per method and path, and nothing else is answered.
enum Operation: String, CaseIterable, Sendable {
  case showAgent, listJobs, submitJob, showJob, deleteJob, readOutput, cancelJob, cancelJobs, showMetrics, watchEvents,
    refreshAgent

  /// The method; with GET, HEAD is allowed as well.
  var method: HTTPMethod {
    switch self {
    case .showAgent, .listJobs, .showJob, .readOutput, .showMetrics, .watchEvents: .GET
    case .submitJob: .PUT
    case .deleteJob: .DELETE
    case .cancelJob, .cancelJobs, .refreshAgent: .POST
    }
  }

  /// The path; `{id}` stands for a job's id.
  var path: [String] {
    switch self {
    case .showAgent: ["v1", "agent"]
    case .refreshAgent: ["v1", "agent", "refresh"]
    case .listJobs: ["v1", "jobs"]
    case .submitJob, .showJob, .deleteJob: ["v1", "jobs", "{id}"]
    case .readOutput: ["v1", "jobs", "{id}", "output"]
    case .cancelJob: ["v1", "jobs", "{id}", "cancel"]
    case .cancelJobs: ["v1", "cancel"]
    // The default path of Prometheus.
    case .showMetrics: ["metrics"]
    case .watchEvents: ["v1", "events"]
    }
  }

  /// The names of the query parameters.
  var parameters: [String] {
    switch self {
    case .listJobs: ["state", "client", "label", "since", "limit", "cursor"]
    case .showJob: ["wait"]
    case .readOutput: ["stream", "offset", "follow"]
    case .watchEvents: ["since"]
    case .cancelJobs: ["client"]
    case .showAgent, .submitJob, .deleteJob, .cancelJob, .showMetrics, .refreshAgent: []
    }
  }

  /// Whether a body is accepted; the other operations refuse one.
  var takesBody: Bool { self == .submitJob }
}

/// The operation of a request.
struct Route: Equatable {
  var operation: Operation
  /// The job's id, if the path has one.
  var id: JobID?

  /// Finds the operation for a method and path.
  ///
  /// - Throws: 404 if no operation has the path, 405 if an operation has the path but none has the method, 400 if the path contains an
  ///   invalid id.
  init(_ method: HTTPMethod, _ path: [String]) throws(RequestRefusal) {
    let candidates = Operation.allCases.filter { Self.matches($0.path, path) }
    guard let first = candidates.first else { throw RequestRefusal(.notFound, "there is no resource at this path") }
    let wanted = method == .HEAD ? .GET : method
    guard let operation = candidates.first(where: { $0.method == wanted }) else {
      let methods = candidates.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }
      var refusal = RequestRefusal(
        .methodNotAllowed,
        "this resource does not have the method \(method.rawValue); it has \(methods.joined(separator: ", "))")
      refusal.allow = methods
      throw refusal
    }
    self.operation = operation
    if let position = first.path.firstIndex(of: "{id}") {  // text: ours
      guard let id = JobID(path[position]) else {
        throw RequestRefusal(
          .badRequest, "a job id has 1 to 128 characters of A-Z a-z 0-9 . _ - and does not begin with a dot")
      }
      self.id = id
    }
  }

  private static func matches(_ pattern: [String], _ path: [String]) -> Bool {
    pattern.count == path.count && zip(pattern, path).allSatisfy { $0 == "{id}" || $0 == $1 }
  }
}
