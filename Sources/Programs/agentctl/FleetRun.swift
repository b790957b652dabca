import AgentClient
import AgentProtocol
import Console
import Glibc
import SchedulerRegistry
import Synchronization
import Wording

/// A job on many agents: prints its output line by line, prefixed with the agent's name, its progress, and a summary.
final class FleetRun: Sendable {
  /// The outcome on one agent.
  enum Outcome: Sendable {
    case ended(JobStatus, Submission)
    case failed(String)
    case outputClosed(OutputClosed)
  }

  private struct State {
    var running: [String: RunningJob] = [:]
    var isCancelled = false
    /// Set when the output is no longer read.
    var closed: OutputClosed?
    var succeeded = 0
    /// The agents on which it did not succeed, with how it ended there.
    var failures: [(agent: String, how: String)] = []
    /// The agents on which the outcome is unknown, with the reason.
    var unknown: [(agent: String, how: String)] = []
  }

  private let id: JobID
  private let request: JobRequest
  private let errorsMayDiffer: Bool
  private let agents: Int
  private let isJSON: Bool
  private let farewell: String
  private let progress: ProgressLine
  private let state = Mutex(State())
  /// Held by the one who writes.
  private let printing = Mutex(())

  init(
    id: JobID, request: JobRequest, errorsMayDiffer: Bool, agents: Int, isJSON: Bool, following: String
  ) {
    (self.id, self.request, self.errorsMayDiffer) = (id, request, errorsMayDiffer)
    (self.agents, self.isJSON) = (agents, isJSON)
    farewell = "\(id) keeps running; follow it with: \(following)"
    progress = ProgressLine(of: agents)
  }

  /// Runs the job on these agents, at most `width` at a time.
  ///
  /// - Returns: the exit code.
  func perform(
    _ connectors: [ExecutorConnector], width: Int,
    _ client: @escaping @Sendable (ExecutorConnector) throws -> AgentClient
  ) async throws -> Int32 {
    let interruption = Interruption { _ in
      self.cancel()
    } again: {
      self.progress.aside { complain(self.farewell) }
    }
    defer { interruption.end() }
    try await sideBySide(connectors, width: width) { connector in
      await self.perform(connector.agentName) { try client(connector) }
    } ended: {
      try self.ended($0.agentName, $1)
    }
    let code = summary()
    return interruption.signal.map { 128 + $0 } ?? code
  }

  private func perform(_ agent: String, _ client: @Sendable () throws -> AgentClient) async -> Outcome {
    do {
      let client = try unusable(client)
      defer { client.close() }
      let job = RunningJob(id, request, errorsMayDiffer: errorsMayDiffer, on: client)
      guard begin(agent, job) else { return .failed("not started: cancelled") }
      let submission = try await job.submit()
      if let remark = submission.remark { aside { complain("\(agent): \(remark)") } }
      return .ended(try await end(job, of: agent), submission)
    } catch let error as OutputClosed {
      return .outputClosed(error)
    } catch let error as RunningJob.NotSubmitted {
      return .failed("cancelled: \(error.reason)")
    } catch {
      return .failed("\(error)")
    }
  }

  private func end(_ job: RunningJob, of agent: String) async throws -> JobStatus {
    if isJSON { return try await job.end() }
    let lines = SplitStreams()
    let status = try await job.end { [self] stream, bytes in
      try show(lines.take(bytes, of: stream), of: agent, as: stream)
    }
    for stream in OutputStream.allCases { try show(lines.rest(of: stream), of: agent, as: stream) }
    return status
  }

  private func begin(_ agent: String, _ job: RunningJob) -> Bool {
    state.withLock { state in
      if state.isCancelled { return false }
      state.running[agent] = job
      return true
    }
  }

  private func show(_ lines: [[UInt8]], of agent: String, as stream: OutputStream) throws {
    if lines.isEmpty { return }
    // A single write, so that the lines of one agent stay together.
    let bytes = prefixed(lines, by: agent)
    try put(stream.rawValue) { () throws(OutputClosed) in try write(bytes, as: stream) }
  }

  /// Lets `body` write, and cancels the job everywhere once nobody reads what is written.
  private func put(_ what: String, _ body: () throws(OutputClosed) -> Void) throws(OutputClosed) {
    if state.withLock({ $0.closed != nil }) { return }
    do throws(OutputClosed) {
      try printing.withLock { (_) throws(OutputClosed) in
        progress.clear()
        try body()
        progress.showAgain()
      }
    } catch {
      guard error.readerIsGone else { throw error }
      let isFirst = state.withLock { state in
        defer { state.closed = state.closed ?? error }
        return state.closed == nil
      }
      if isFirst { cancel("nobody reads \(what); ") }
    }
  }

  private func aside(_ body: () -> Void) { printing.withLock { _ in progress.aside(body) } }

  /// Records the outcome on one agent.
  ///
  /// - Throws: `OutputClosed` if the output cannot be written; the jobs keep running.
  private func ended(_ agent: String, _ outcome: Outcome) throws {
    switch outcome {
    case .outputClosed(let error):
      aside { complain(farewell) }
      throw error
    case .ended(let status, let submission):
      try report(AgentJob(agent: agent, job: SubmittedJob(status, submission), error: nil))
      state.withLock { state in
        if status.state == .succeeded {
          state.succeeded += 1
        } else {
          state.failures.append((agent, status.howItEnded))
        }
      }
    case .failed(let reason):
      try report(AgentJob(agent: agent, job: nil, error: reason))
      state.withLock { $0.unknown.append((agent, reason)) }
    }
    let line = state.withLock { state in
      state.running[agent] = nil
      return counts(state) + ", \(agents - state.succeeded - state.failures.count - state.unknown.count) to go"
    }
    progress.show(line)
  }

  private func report(_ job: AgentJob) throws {
    if isJSON { try put("stdout") { () throws(OutputClosed) in try printJSON(job) } }
  }

  private func counts(_ state: State) -> String {
    "\(state.succeeded) succeeded, \(state.failures.count) did not, \(state.unknown.count) without an answer"
  }

  /// Cancels the job wherever it runs, and starts it nowhere else.
  private func cancel(_ why: String = "") {
    let running = state.withLock { state in
      state.isCancelled = true
      return state.running
    }
    aside { complain("\(why)cancelling \(id) on \(counted(running.count, "agent"))") }
    for (agent, job) in running {
      Task {
        do { try await job.stop() } catch { aside { complain("cannot cancel \(id) on \(agent): \(error)") } }
      }
    }
  }

  /// Prints the summary.
  ///
  /// - Returns: the exit code.
  private func summary() -> Int32 {
    progress.clear()
    let state = state.withLock { $0 }
    for (agent, how) in (state.failures + state.unknown).sorted(by: { $0.agent < $1.agent }) {
      complain("\(agent): \(how)")
    }
    complain("\(id) on \(counted(agents, "agent")): \(counts(state))")
    if let closed = state.closed { return closed.code }
    if !state.failures.isEmpty { return EXIT_FAILURE }
    return state.unknown.isEmpty ? EXIT_SUCCESS : ExitStatus.unavailable.rawValue
  }
}

/// A job in the list of an operation on many agents.
private struct AgentJob: Encodable {
  let agent: String
  let job: SubmittedJob?
  let error: String?
}
