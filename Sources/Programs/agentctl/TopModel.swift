import AgentInventory
import AgentProtocol
import SchedulerRegistry
import Values

/// What `agentctl top` shows, and what its keys do.
struct TopModel {
  /// What the screen shows.
  enum Page: Equatable {
    case fleet
    case jobs(agent: String)
    case output(agent: String, job: JobID)
  }

  /// What a key asks for that the model itself cannot do.
  enum Request: Equatable {
    case quit
    case open(Page)
    case setEnabled(agent: String, Bool)
    case cancel(agent: String, job: JobID)
  }

  /// A question that is answered with y or n.
  struct Question: Equatable {
    let text: String
    let request: Request
  }

  /// A list with a selected line.
  struct Choice {
    var selected = 0
    /// The first line that is shown.
    var top = 0

    /// Moves the selection within `count` lines, of which `height` are shown.
    mutating func move(by steps: Int, count: Int, height: Int) {
      selected = max(0, min(count - 1, selected + steps))
      top = min(max(top, selected - height + 1), selected, max(0, count - height))
      top = max(0, top)
    }
  }

  private(set) var agents: [ExecutorConnector]
  var states: [String: AgentState] = [:]
  private(set) var page = Page.fleet
  var jobs: [JobStatus] = []
  /// The last lines of the output that is shown, without their ends.
  private(set) var output: [String] = []
  /// The lines from the end of the output to the last one that is shown.
  private var back = 0
  private(set) var fleetChoice = Choice()
  private(set) var jobChoice = Choice()
  private(set) var question: Question?
  /// What the last line says; nil for the keys.
  var message: String?
  /// The lines of a list that fit.
  var height = 20

  /// The number of lines of output that are kept.
  private static let mostLines = 5000

  init(_ agents: [ExecutorConnector]) { self.agents = agents }

  mutating func replace(_ agents: [ExecutorConnector]) {
    self.agents = agents
    fleetChoice.move(by: 0, count: agents.count, height: height)
  }

  mutating func open(_ page: Page) {
    if case .jobs(let agent) = page, !isOn(agent) { (jobs, jobChoice) = ([], Choice()) }
    (self.page, message, output, back) = (page, nil, [], 0)
  }

  private func isOn(_ agent: String) -> Bool {
    if case .output(let shown, _) = page { shown.isSame(as: agent) } else { false }
  }

  mutating func take(_ lines: [String]) {
    output.append(contentsOf: lines)
    // Who looks back sees the same lines.
    if back > 0 { back += lines.count }
    if output.count > Self.mostLines { output.removeFirst(output.count - Self.mostLines) }
    back = min(back, max(0, output.count - height))
  }

  /// The lines of output that are shown.
  var visibleOutput: ArraySlice<String> { output.dropLast(back).suffix(height) }

  /// Does what a key asks for.
  ///
  /// - Returns: what has to be done elsewhere.
  mutating func press(_ key: TopTerminal.Key) -> Request? {
    message = nil
    if key == .quit { return .quit }
    if let asked = question {
      question = nil
      return key == .character("y") ? asked.request : nil
    }
    if let steps = steps(key) {
      move(steps)
      return nil
    }
    switch (key, page) {
    case (.character("q"), .fleet): return .quit
    case (.back, .fleet): return nil
    case (.character("q"), .jobs), (.back, .jobs): return .open(.fleet)
    case (.character("q"), .output(let agent, _)), (.back, .output(let agent, _)): return .open(.jobs(agent: agent))
    case (.enter, _): return enter()
    case (.character("d"), .fleet), (.character("e"), .fleet): return ask(toEnable: key == .character("e"))
    case (.character("c"), _): return askToCancel()
    default: return nil
    }
  }

  private func steps(_ key: TopTerminal.Key) -> Int? {
    switch key {
    case .up, .character("k"): -1
    case .down, .character("j"): 1
    case .pageUp: -height
    case .pageDown, .character(" "): height
    case .first, .character("g"): -1_000_000
    case .last, .character("G"): 1_000_000
    default: nil
    }
  }

  private mutating func move(_ steps: Int) {
    switch page {
    case .fleet: fleetChoice.move(by: steps, count: agents.count, height: height)
    case .jobs: jobChoice.move(by: steps, count: jobs.count, height: height)
    case .output: back = max(0, min(back - steps, output.count - height))
    }
  }

  private func enter() -> Request? {
    switch page {
    case .fleet: selectedAgent.map { .open(.jobs(agent: $0.agentName)) }
    case .jobs(let agent): selectedJob.map { .open(.output(agent: agent, job: $0.id)) }
    case .output: nil
    }
  }

  private mutating func ask(toEnable: Bool) -> Request? {
    guard let agent = selectedAgent, agent.isEnabled != toEnable else { return nil }
    let request = Request.setEnabled(agent: agent.agentName, toEnable)
    if toEnable { return request }
    question = Question(text: "disable \(agent.agentName)? Its jobs keep running. y/n", request: request)
    return nil
  }

  private mutating func askToCancel() -> Request? {
    let found: (String, JobStatus?)
    switch page {
    case .fleet: return nil
    case .jobs(let agent): found = (agent, selectedJob)
    case .output(let agent, let id): found = (agent, jobs.first { $0.id == id })
    }
    guard let job = found.1 else { return nil }
    if job.state.isFinal {
      message = "\(job.id) has already ended: \(job.howItEnded)"
    } else {
      question = Question(text: "cancel \(job.id)? y/n", request: .cancel(agent: found.0, job: job.id))
    }
    return nil
  }

  var selectedAgent: ExecutorConnector? {
    agents.indices.contains(fleetChoice.selected) ? agents[fleetChoice.selected] : nil
  }

  private var selectedJob: JobStatus? {
    jobs.indices.contains(jobChoice.selected) ? jobs[jobChoice.selected] : nil
  }
}
