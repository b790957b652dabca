import AgentClient
import AgentProtocol

/// An agent whose jobs are watched from a moment on.
struct WatchedAgent: Sendable {
  private let agent: AgentClient
  private let name: String?
  private let position: EventPosition

  private struct Known: Error {
    let position: EventPosition
  }

  /// Begins with the present.
  ///
  /// - Parameter name: the agent's name in lists; nil if there is only one.
  init(_ agent: AgentClient, name: String?) async throws {
    (self.agent, self.name) = (agent, name)
    do { try await agent.events { throw Known(position: $0.position) } } catch let known as Known {
      position = known.position
    }
  }

  /// Passes each job whose state has changed to `changed`, one at a time, until no agent can be watched any longer.
  ///
  /// An agent that is lost is reported.
  static func changes(of agents: [WatchedAgent], _ changed: (ListedJob) throws -> Void) async throws {
    let (jobs, sink) = AsyncThrowingStream.makeStream(of: ListedJob.self)
    let watching = Task {
      await withTaskGroup(of: Void.self) { group in
        for agent in agents { group.addTask { await agent.watch(sink) } }
      }
      sink.finish()
    }
    defer { watching.cancel() }
    for try await job in jobs { try changed(job) }
  }

  private func watch(_ sink: AsyncThrowingStream<ListedJob, any Error>.Continuation) async {
    do {
      try await agent.events(since: position) { event in
        guard case .changed(let change, _) = event else { return }
        // A job may have been deleted since.
        guard let job = try? await agent.job(change.id) else { return }
        sink.yield(ListedJob(agent: name, job: job))
      }
    } catch is CancellationError {
    } catch { complain(name.map { "\($0): \(error)" } ?? "\(error)") }
  }
}
