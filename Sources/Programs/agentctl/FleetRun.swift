import AgentClient
import AgentProtocol
import Console
import Glibc
import SchedulerRegistry
import Synchronization
import Wording

/// A job on many agents: prints its output line by line, prefixed with the agent's name, what becomes of each agent, and a summary.
final class FleetRun: Sendable {
  /// The outcome on one agent.
  enum Outcome: Sendable {
    case ended(JobStatus, Submission)
    case failed(String)
    /// Not tried there, for the reason.
    case skipped(String)
    case outputClosed(OutputClosed)
  }

  /// What a run is for, and how it is shown.
  struct Plan {
    var id: JobID
    var request: JobRequest
    /// Whether this program has chosen where standard error goes.
    var errorsMayDiffer: Bool
    /// The number of agents.
    var agents: Int
    /// How many agents at once.
    var atOnce: Int
    /// After how many failures it is started nowhere else.
    var mostFailures: Int?
    var isJSON: Bool
    /// The command that follows the jobs.
    var following: String
  }

  private let plan: Plan
  private var id: JobID { plan.id }
  private let farewell: String
  private let progress: ProgressLine
  private let state: Mutex<FleetProgress>
  /// Held by the one who writes.
  private let printing = Mutex(())

  init(_ plan: Plan) {
    self.plan = plan
    farewell = "\(plan.id) keeps running; follow it with: \(plan.following)"
    progress = ProgressLine(of: plan.agents)
    state = Mutex(FleetProgress(agents: plan.agents))
  }

  /// Runs the job on these agents.
  ///
  /// - Parameter client: returns a client, which reports through the closure that the agent cannot be reached.
  /// - Returns: the exit code.
  func perform(
    _ connectors: [ExecutorConnector],
    _ client: @escaping @Sendable (ExecutorConnector, @escaping @Sendable (AgentError) -> Void) throws -> AgentClient
  ) async throws -> Int32 {
    let interruption = Interruption { _ in
      self.cancel()
    } again: {
      self.progress.aside { complain(self.farewell) }
    }
    defer { interruption.end() }
    let clock = Task { await keepShowing() }
    defer { clock.cancel() }
    try await sideBySide(connectors, width: plan.atOnce) { connector in
      let name = connector.agentName
      return await self.perform(name) { try client(connector) { self.isUnreachable(name, $0) } }
    } ended: {
      try self.ended($0.agentName, $1)
    }
    clock.cancel()
    let code = summary()
    return interruption.signal.map { 128 + $0 } ?? code
  }

  /// Shows the progress at once, and then every second.
  private func keepShowing() async {
    while !Task.isCancelled {
      show()
      try? await Task.sleep(for: .seconds(1))
    }
  }

  private func show() {
    printing.withLock { _ in progress.show(state.withLock { $0.line }) }
  }

  private func isUnreachable(_ agent: String, _ error: AgentError) {
    state.withLock { _ = $0.unreachable.insert(agent) }
    aside { complain("\(agent): \(error); trying again") }
    show()
  }

  private func perform(_ agent: String, _ client: @Sendable () throws -> AgentClient) async -> Outcome {
    do {
      let client = try unusable(client)
      defer { client.close() }
      let job = RunningJob(id, plan.request, errorsMayDiffer: plan.errorsMayDiffer, on: client)
      if let reason = state.withLock({ $0.begin(agent, job, mostFailures: plan.mostFailures) }) {
        return .skipped("not started: \(reason)")
      }
      let submission = try await job.submit()
      state.withLock { _ = $0.unreachable.remove(agent) }
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
    if plan.isJSON { return try await job.end() }
    let lines = SplitStreams()
    let status = try await job.end { [self] stream, bytes in
      try show(lines.take(bytes, of: stream), of: agent, as: stream)
    }
    for stream in OutputStream.allCases { try show(lines.rest(of: stream), of: agent, as: stream) }
    return status
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
      if status.state != .succeeded { aside { complain("\(agent): \(status.howItEnded)") } }
    case .failed(let reason):
      try report(AgentJob(agent: agent, job: nil, error: reason))
      aside { complain("\(agent): \(reason)") }
    case .skipped(let reason): try report(AgentJob(agent: agent, job: nil, error: reason))
    }
    state.withLock { $0.end(agent, outcome) }
    show()
  }

  private func report(_ job: AgentJob) throws {
    if plan.isJSON { try put("stdout") { () throws(OutputClosed) in try printJSON(job) } }
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
    let state = state.withLock { $0 }
    printing.withLock { _ in
      progress.clear()
      for line in state.names { complain(line) }
      complain("\(id) on \(counted(plan.agents, "agent")): \(state.counts)")
    }
    if let closed = state.closed { return closed.code }
    if !state.failed.isEmpty || !state.skipped.isEmpty { return EXIT_FAILURE }
    return state.unknown.isEmpty ? EXIT_SUCCESS : ExitStatus.unavailable.rawValue
  }
}

/// A job in the list of an operation on many agents.
private struct AgentJob: Encodable {
  let agent: String
  let job: SubmittedJob?
  let error: String?
}
