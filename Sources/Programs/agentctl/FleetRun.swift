import AgentClient
import AgentProtocol
import Console
import Glibc
import Synchronization
import Wording

/// A job on many agents: prints its output line by line, prefixed with the agent's name, its progress, and a summary.
final class FleetRun: Sendable {
  /// The outcome on one agent.
  enum Outcome: Sendable {
    case ended(JobStatus)
    case failed(AgentError)
    case outputClosed(OutputClosed)
  }

  private struct State {
    var running: [String: RunningJob] = [:]
    var isCancelled = false
    var succeeded = 0
    /// The agents on which it did not succeed, with how it ended there.
    var failures: [(agent: String, how: String)] = []
    /// The agents on which the outcome is unknown, with the reason.
    var unknown: [(agent: String, how: String)] = []
  }

  private let id: JobID
  private let request: JobRequest
  private let agents: Int
  private let isJSON: Bool
  private let progress: ProgressLine
  private let state = Mutex(State())

  init(id: JobID, request: JobRequest, agents: Int, isJSON: Bool) {
    (self.id, self.request, self.agents, self.isJSON) = (id, request, agents, isJSON)
    progress = ProgressLine(of: agents)
  }

  /// Runs the job on one agent.
  func perform(_ agent: String, _ client: @Sendable () throws -> AgentClient) async -> Outcome {
    do {
      let client = try unusable(client)
      defer { client.close() }
      let job = RunningJob(id, request, on: client)
      guard begin(agent, job) else { return .failed(.unusable("not started: cancelled")) }
      try await job.submit()
      // It may have been cancelled while it was being submitted.
      if state.withLock({ $0.isCancelled }) { await job.cancel(isTold: false) }
      let lines = SplitStreams()
      let status = try await job.end { [self] stream, bytes in
        if !isJSON { try show(lines.take(bytes, of: stream), of: agent, as: stream) }
      }
      for stream in OutputStream.allCases { try show(lines.rest(of: stream), of: agent, as: stream) }
      return .ended(status)
    } catch let error as AgentError {
      return .failed(error)
    } catch let error as OutputClosed {
      return .outputClosed(error)
    } catch {
      return .failed(.unreachable("\(error)"))
    }
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
    let prefix = Array("\(agent): ".utf8)
    // A single write, so that the lines of one agent stay together.
    let bytes = lines.flatMap { prefix + $0 + [UInt8(ascii: "\n")] }
    try state.withLock { _ in try progress.aside { try write(bytes, as: stream) } }
  }

  /// Records the outcome on one agent.
  ///
  /// - Throws: `OutputClosed` if the output is no longer read.
  func ended(_ agent: String, _ outcome: Outcome) throws {
    switch outcome {
    case .outputClosed(let error): throw error
    case .ended(let status):
      if isJSON { try progress.aside { try printJSON(AgentJob(agent: agent, job: status, error: nil)) } }
      state.withLock { state in
        if status.state == .succeeded {
          state.succeeded += 1
        } else {
          state.failures.append(
            (agent, "\(status.state.rawValue)\(status.outcome)\(status.reason.map { ": \($0)" } ?? "")"))
        }
      }
    case .failed(let error):
      if isJSON { try progress.aside { try printJSON(AgentJob(agent: agent, job: nil, error: "\(error)")) } }
      state.withLock { $0.unknown.append((agent, "\(error)")) }
    }
    let line = state.withLock { state in
      state.running[agent] = nil
      return counts(state) + ", \(agents - state.succeeded - state.failures.count - state.unknown.count) to go"
    }
    progress.show(line)
  }

  private func counts(_ state: State) -> String {
    "\(state.succeeded) succeeded, \(state.failures.count) did not, \(state.unknown.count) without an answer"
  }

  /// Cancels the job wherever it runs, and starts it nowhere else.
  func cancel() {
    let running = state.withLock { state in
      state.isCancelled = true
      return Array(state.running.values)
    }
    progress.aside { complain("cancelling \(id) on \(running.count) agents") }
    for job in running { Task { await job.cancel(isTold: false) } }
  }

  /// Prints the summary.
  ///
  /// - Returns: the exit code.
  func summary() -> Int32 {
    progress.clear()
    let state = state.withLock { $0 }
    for (agent, how) in (state.failures + state.unknown).sorted(by: { $0.agent < $1.agent }) {
      complain("\(agent): \(how)")
    }
    complain("\(id) on \(counted(agents, "agent")): \(counts(state))")
    if !state.failures.isEmpty { return EXIT_FAILURE }
    return state.unknown.isEmpty ? EXIT_SUCCESS : ExitStatus.unavailable.rawValue
  }
}

/// A job in the list of an operation on many agents.
private struct AgentJob: Encodable {
  let agent: String
  let job: JobStatus?
  let error: String?
}
