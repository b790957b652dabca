import AgentClient
import AgentInventory
import AgentProtocol
import SchedulerRegistry
import Values
import Wording

/// One run of `agentctl top`: events come in from everywhere, and one task changes the model and draws it.
final class TopSession {
  private let identity: IdentityOptions
  private let patterns: [String]
  private let fleet: TopFleet
  private let terminal: TopTerminal
  private var model: TopModel
  private let events: AsyncStream<TopEvent>
  private let sink: AsyncStream<TopEvent>.Continuation
  private var watches: [String: Task<Void, Never>] = [:]
  /// Asks for what the page shows.
  private var reader: Task<Void, Never>?

  init(
    _ identity: IdentityOptions, _ patterns: [String], _ inventory: AgentInventory, _ agents: [ExecutorConnector],
    _ terminal: TopTerminal
  ) {
    (self.identity, self.patterns, self.terminal) = (identity, patterns, terminal)
    (events, sink) = AsyncStream.makeStream(of: TopEvent.self)
    model = TopModel(agents)
    fleet = TopFleet(inventory, of: agents.count) { [sink] in sink.yield(.state($0, $1)) }
  }

  /// Shows the fleet until a key ends it.
  func run() async {
    terminal.listen { [sink] in
      sink.yield(.pressed($0))
    } resized: { [sink] in
      sink.yield(.resized)
    }
    let clock = Task { [sink] in
      // Often while the first answers arrive.
      var ticks = 0
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(ticks < 20 ? 250 : 1000))
        sink.yield(.tick)
        ticks += 1
      }
    }
    draw()
    watchAgents()
    for await event in events {
      guard handle(event) else { break }
      // States arrive by the hundred, and the next tick shows them.
      if case .state = event { continue }
      draw()
    }
    for task in [clock, reader].compactMap(\.self) + watches.values { task.cancel() }
  }

  private func draw() {
    let size = terminal.size
    model.height = max(1, size.lines - TopView.others)
    terminal.show(TopView(model: model, columns: size.columns, now: .now()).lines)
  }

  /// - Returns: whether to continue.
  private func handle(_ event: TopEvent) -> Bool {
    switch event {
    case .pressed(let key):
      guard let request = model.press(key) else { return true }
      if request == .quit { return false }
      perform(request)
    case .resized: terminal.clear()
    case .tick: break
    case .state(let agent, let state): model.states[agent] = state
    case .jobs(let agent, let jobs):
      switch model.page {
      case .jobs(agent), .output(agent, _): model.jobs = jobs
      default: break
      }
    case .output(let id, let lines): if case .output(_, id) = model.page { model.take(lines) }
    case .message(let text): model.message = text
    }
    return true
  }

  private func perform(_ request: TopModel.Request) {
    switch request {
    case .quit: break
    case .open(let page): open(page)
    case .setEnabled(let agent, let isEnabled): setEnabled(agent, isEnabled)
    case .cancel(let agent, let id):
      guard let client = client(agent) else { return }
      Task { [sink] in
        do {
          try await client.cancel(id)
          sink.yield(.message("\(id) is being cancelled"))
        } catch { sink.yield(.message("\(agent): \(error)")) }
      }
    }
  }

  private func client(_ agent: String) -> AgentClient? {
    model.agents.first { $0.agentName.isSame(as: agent) }.flatMap { try? fleet.client(of: $0) }
  }

  private func open(_ page: TopModel.Page) {
    reader?.cancel()
    reader = nil
    model.open(page)
    switch page {
    case .fleet: break
    case .jobs(let agent):
      guard let reading = reading(agent) else { return }
      reader = Task { await reading.jobs() }
    case .output(let agent, let id):
      guard let reading = reading(agent) else { return }
      reader = Task {
        async let jobs: Void = reading.jobs()
        await reading.output(of: id)
        await jobs
      }
    }
  }

  private func reading(_ agent: String) -> TopReading? { client(agent).map { TopReading(agent, $0, sink) } }

  private func setEnabled(_ agent: String, _ isEnabled: Bool) {
    do {
      try identity.registry.setEnabled(isEnabled, [agent])
      let inventory = try identity.inventory()
      model.replace(try patterns.isEmpty ? inventory.connectors : inventory.connectors(matching: patterns))
      model.message = "\(agent) is \(isEnabled ? "enabled" : "disabled")"
      watchAgents()
    } catch { model.message = "\(error)" }
  }

  /// Asks the agents that are enabled, and no others.
  private func watchAgents() {
    for agent in model.agents {
      let name = agent.agentName
      if !agent.isEnabled {
        watches.removeValue(forKey: name)?.cancel()
        model.states[name] = .disabled
      } else if watches[name] == nil {
        model.states[name] = nil
        watches[name] = Task { [fleet] in await fleet.watch(agent) }
      }
    }
  }
}
