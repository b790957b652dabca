import AgentProtocol
import FoundationEssentials
import NIOCore

/// The result of a submission.
public struct Submission: Sendable {
  /// The job, whose record is durable.
  public let job: JobStatus
  /// Whether this request created the job. False if a second attempt, after a lost connection, finds the job that the first one created.
  public let isNew: Bool
  /// Whether the job existed before this call, which then started nothing. False if an earlier attempt of the same call may have created it.
  public let wasKnown: Bool

  public init(job: JobStatus, isNew: Bool, wasKnown: Bool) {
    self.job = job
    self.isNew = isNew
    self.wasKnown = wasKnown
  }
}

extension AgentClient {
  /// Submits a job.
  ///
  /// When this returns, the job's record is on the agent's disk. If it throws, the job may exist or not; repeating the call finds out.
  ///
  /// - Parameter trace: the trace that the job belongs to.
  public func submit(_ id: JobID, _ request: JobRequest, trace: TraceContext? = nil) async throws -> Submission {
    let json: Data
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    do { json = try encoder.encode(request) } catch { throw AgentError.unusable("the job: \(error)") }
    let (status, body, isRepeated) = try await exchange(
      .PUT, "/v1/jobs/\(id)", body: ByteBuffer(bytes: json), trace: trace)
    let isNew = status == 201
    return Submission(job: try job(id, body), isNew: isNew, wasKnown: !isNew && !isRepeated)
  }

  /// Returns the state of a job: immediately, or when it has ended or `wait` seconds (at most an hour) have passed.
  public func job(_ id: JobID, wait: Double = 0) async throws -> JobStatus {
    let wait = min(max(wait, 0), JobStatus.maximumWait)
    let path = wait > 0 ? "/v1/jobs/\(id)?wait=\(Self.decimal(wait))" : "/v1/jobs/\(id)"
    return try job(id, try await exchange(.GET, path, wait: wait).body)
  }

  /// Returns the final state of a job, however long it takes, even across reloads and restarts of the agent.
  public func finalState(of id: JobID) async throws -> JobStatus {
    while true {
      let status = try await job(id, wait: 300)
      if status.state.isFinal { return status }
    }
  }

  /// Cancels a job and returns its state right after, which may not be final yet.
  @discardableResult
  public func cancel(_ id: JobID) async throws -> JobStatus {
    try job(id, try await exchange(.POST, "/v1/jobs/\(id)/cancel").body)
  }

  /// Cancels all jobs of the client with this subject that this client may see.
  public func cancelAll(of subject: String) async throws -> CancelledJobs {
    try await document(CancelledJobs.self, .POST, "/v1/cancel?client=\(Self.percentEncoded(subject))")
  }

  /// Deletes a job that has ended. A job that does not exist counts as deleted: an answer may have been lost.
  public func forget(_ id: JobID) async throws {
    do {
      _ = try await exchange(.DELETE, "/v1/jobs/\(id)")
    } catch AgentError.problem(let problem) where problem.kind == .notFound {}
  }

  /// Returns a page of the history, newest first.
  public func jobs(_ filter: JobFilter = JobFilter()) async throws -> JobPage {
    try await document(JobPage.self, .GET, "/v1/jobs?\(Self.query(filter))")
  }

  /// Returns all jobs in the history that match `filter` and for which `isWanted` returns true, page by page, at most `maximum`.
  public func allJobs(
    _ filter: JobFilter = JobFilter(), maximum: Int = 1_000_000, where isWanted: (JobStatus) -> Bool = { _ in true }
  ) async throws -> [JobStatus] {
    var filter = filter
    filter.limit = min(JobFilter.maximumLimit, max(maximum, JobFilter.defaultLimit))
    var all: [JobStatus] = []
    var cursors: Set<String> = []
    while true {
      let page = try await jobs(filter)
      all.append(contentsOf: page.jobs.lazy.filter(isWanted).prefix(maximum - all.count))
      guard let cursor = page.cursor, all.count < maximum else { return all }
      // An agent that repeats cursors would cause an endless loop.
      guard cursors.insert(cursor).inserted else { throw AgentError.misconfigured("a cursor for the second time") }
      filter.cursor = cursor
    }
  }

  private func job(_ id: JobID, _ body: ByteBuffer) throws -> JobStatus {
    let job = try decoded(JobStatus.self, body)
    guard job.id == id else { throw AgentError.misconfigured("asked for job \(id), the answer is about \(job.id)") }
    return job
  }

  private static func query(_ filter: JobFilter) -> String {
    let parameters: [(String, String?)] = [
      ("limit", "\(filter.limit)"), ("state", filter.state?.rawValue), ("client", filter.client?.description),
      ("label", filter.label.map { "\($0.name)=\($0.value)" }), ("since", filter.since?.description),
      ("cursor", filter.cursor),
    ]
    return parameters.compactMap { name, value in value.map { "\(name)=\(percentEncoded($0))" } }.joined(separator: "&")
  }

  /// Encodes all characters except unreserved ones; RFC 3986 section 2.1.
  static func percentEncoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += "%\(digits.count < 2 ? "0" : "")\(digits)"
      }
    }
    return encoded
  }

  private static func decimal(_ seconds: Double) -> String {
    let milliseconds = Int64(seconds * 1000)
    return "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
  }
}
