import AgentClient
import AgentProtocol
import Synchronization
import SystemCalls

/// A job on an agent, from its submission to its end.
final class RunningJob: Sendable {
  /// Why a job was not submitted.
  struct NotSubmitted: Error {
    let reason: String
  }

  private struct State {
    var submitting: Task<Submission, any Error>?
    var isSubmitted = false
    var isStopped = false
  }

  let id: JobID
  private let agent: AgentClient
  /// The request, and the one that is the same job although this time its standard error goes elsewhere.
  private let requests: [JobRequest]
  private let submitted = Mutex<JobRequest?>(nil)
  private let state = Mutex(State())

  /// The seconds to find out what became of a submission that was interrupted.
  private static let settlingTime = 2.0

  /// - Parameter errorsMayDiffer: whether a job with the same id that differs only in `stderr` is the same job.
  init(_ id: JobID, _ request: JobRequest, errorsMayDiffer: Bool = false, on agent: AgentClient) {
    (self.id, self.agent) = (id, agent)
    var other = request
    other.stderr = request.stderr == nil ? .separate : nil
    requests = errorsMayDiffer ? [request, other] : [request]
  }

  /// Submits the job.
  ///
  /// - Throws: `NotSubmitted` after `stop()`, unless the job exists: it is then cancelled.
  func submit() async throws -> Submission {
    let submitting = Task { try await submitEither() }
    let isStopped = state.withLock { state in
      state.submitting = submitting
      return state.isStopped
    }
    if isStopped { submitting.cancel() }
    do {
      let submission = try await submitting.value
      let isLate = state.withLock { state in
        (state.submitting, state.isSubmitted) = (nil, true)
        return state.isStopped
      }
      if isLate { try await agent.cancel(id) }
      return submission
    } catch is CancellationError {
      return try await abandoned()
    }
  }

  private func submitEither() async throws -> Submission {
    do { return try await submit(requests[0]) } catch AgentError.problem(let problem) where problem.kind == .conflict {
      guard requests.count > 1, let same = try? await submit(requests[1]) else { throw AgentError.problem(problem) }
      return same
    }
  }

  private func submit(_ request: JobRequest) async throws -> Submission {
    let submission = try await agent.submit(id, request, trace: TraceContext(environment: processEnvironment()))
    submitted.withLock { $0 = request }
    return submission
  }

  /// Finds out what became of a submission whose connection was closed before the answer, and cancels the job if there is one.
  private func abandoned() async throws -> Submission {
    let cancelling = Task { try await agent.cancel(id) }
    let limit = Task {
      try await Task.sleep(for: .seconds(Self.settlingTime))
      cancelling.cancel()
    }
    defer { limit.cancel() }
    do {
      let job = try await cancelling.value
      state.withLock { $0.isSubmitted = true }
      return Submission(job: job, isNew: false, wasKnown: false)
    } catch AgentError.problem(let problem) where problem.kind == .notFound {
      throw NotSubmitted(reason: "nothing was started")
    } catch {
      throw NotSubmitted(reason: "whether it was started is not known: the agent does not answer")
    }
  }

  /// Waits for the end of the job and passes its output to `take` as it arrives; two streams are read concurrently.
  func end(_ take: @escaping @Sendable (OutputStream, [UInt8]) throws -> Void) async throws -> JobStatus {
    let streams = (submitted.withLock { $0 } ?? requests[0]).stderr == .separate ? OutputStream.allCases : [.stdout]
    try await agent.output(of: id, streams, follow: true, to: take)
    return try await agent.finalState(of: id)
  }

  /// Waits for the end of the job without its output.
  func end() async throws -> JobStatus { try await agent.finalState(of: id) }

  /// Cancels the job, or its submission.
  ///
  /// - Throws: why the job cannot be cancelled.
  func stop() async throws {
    let (submitting, isSubmitted) = state.withLock { state in
      state.isStopped = true
      return (state.submitting, state.isSubmitted)
    }
    submitting?.cancel()
    if isSubmitted { try await agent.cancel(id) }
  }
}

extension AgentClient {
  /// Reads streams of a job concurrently, each as `output(of:_:from:follow:to:)`.
  func output(
    of id: JobID, _ streams: [OutputStream], from offset: Int64 = 0, follow: Bool,
    to take: @escaping @Sendable (OutputStream, [UInt8]) throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for stream in streams {
        group.addTask { try await self.output(of: id, stream, from: offset, follow: follow) { try take(stream, $0) } }
      }
      try await group.waitForAll()
    }
  }
}

/// A job as it was submitted, for programs.
struct SubmittedJob: Encodable {
  let job: JobStatus
  let wasKnown: Bool

  init(_ job: JobStatus, _ submission: Submission) { (self.job, wasKnown) = (job, submission.wasKnown) }

  private enum CodingKeys: String, CodingKey {
    case created
  }

  /// Encodes the job's own keys, and `created`: false if this command started nothing, because the job existed.
  func encode(to encoder: any Encoder) throws {
    try job.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(!wasKnown, forKey: .created)
  }
}

extension Submission {
  /// What to tell a person who may have expected a new job; nil if it is new.
  var remark: String? {
    guard wasKnown else { return nil }
    let state = job.state.isFinal ? "has ended: \(job.state.rawValue)\(job.outcome)" : "is \(job.state.rawValue)"
    return "\(job.id) was submitted before, at \(job.submittedAt.short), and \(state); nothing was started"
  }
}
