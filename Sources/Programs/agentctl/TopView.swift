import AgentInventory
import AgentProtocol
import SchedulerRegistry
import Values
import Wording

/// The lines of the screen for a model: a title, the page, and the keys.
struct TopView {
  let model: TopModel
  let columns: Int
  let now: Timestamp

  /// The lines that are not the page's.
  static let others = 3

  var lines: [String] {
    let body = page.prefix(model.height + 1)
    let filler = [String](repeating: "", count: model.height + 1 - body.count)
    return ["\u{1B}[1m\(cut(title))"] + body + filler + [foot]
  }

  private var title: String {
    switch model.page {
    case .fleet: return fleetTitle
    case .jobs(let agent): return "\(agent): \(model.states[agent].map(Self.text) ?? "asked"), newest jobs first"
    case .output(let agent, let id):
      let job = model.jobs.first { $0.id == id }
      return "\(agent) \(id): \(job.map { "\($0.howItEnded), \($0.user), \($0.commandLine)" } ?? "")"
    }
  }

  private var fleetTitle: String {
    var (names, running, queued): ([String: Int], Int, Int) = ([:], 0, 0)
    for agent in model.agents {
      let state = agent.isEnabled ? model.states[agent.agentName] : .disabled
      names[state?.name ?? "asked", default: 0] += 1
      if case .online(let status)? = state { (running, queued) = (running + status.running, queued + status.queued) }
    }
    let counts = ["Online", "Offline", "Unauthenticated", "Disabled", "asked"].compactMap { name in
      names[name].map { "\($0) \(name)" }
    }
    return
      "\(counted(model.agents.count, "agent")): \(counts.joined(separator: ", ")); \(running) running, \(queued) queued"
  }

  private static func text(_ state: AgentState) -> String {
    guard case .online(let status) = state else { return state.name }
    return "\(state.name), \(status.running) running, \(status.queued) queued"
  }

  private var page: [String] {
    switch model.page {
    case .fleet: fleet
    case .jobs: jobs
    case .output: [""] + model.visibleOutput.map { cut($0) }
    }
  }

  private var fleet: [String] {
    let top = model.fleetChoice.top
    let shown = Array(model.agents.dropFirst(top).prefix(model.height))
    let longest = model.agents.map(\.agentName.count).max() ?? 0
    let rows = shown.map { agent -> [String] in
      let state = agent.isEnabled ? model.states[agent.agentName] : .disabled
      // The same width on every page of the list.
      let name = agent.agentName + String(repeating: " ", count: max(0, min(longest, 24) - agent.agentName.count))
      guard case .online(let status)? = state else {
        return [name, state?.name ?? "asked", "-", "-", "-", state?.reason ?? ""]
      }
      let left = Double(status.certificateNotAfter.milliseconds - now.milliseconds) / 1000
      return [
        name, "Online", "\(status.running)", "\(status.queued)", TimeSpan.short(left),
        status.warnings.joined(separator: "; "),
      ]
    }
    return table(
      ["AGENT", "STATE", "RUNS", "WAITS", "CERT", "WARNINGS"], rows, selected: model.fleetChoice.selected - top
    ) { index in
      switch model.states[shown[index].agentName] {
      case .online(let status)?: status.warnings.isEmpty ? .green : .yellow
      case .offline?, .unauthenticated?: .red
      case .disabled?, nil: nil
      }
    }
  }

  private var jobs: [String] {
    let top = model.jobChoice.top
    let shown = Array(model.jobs.dropFirst(top).prefix(model.height))
    if shown.isEmpty { return ["there are no jobs"] }
    return table(JobStatus.titles, shown.map { $0.cells(now) }, selected: model.jobChoice.selected - top) {
      shown[$0].colour
    }
  }

  private func table(
    _ titles: [String], _ rows: [[String]], selected: Int, _ colour: @escaping (Int) -> Colour?
  ) -> [String] {
    var lines = Table.lines(titles, rows, width: columns, colours: (1, { $0 == selected ? nil : colour($0) }))
    if lines.indices.contains(selected + 1) {
      let line = lines[selected + 1]
      lines[selected + 1] = "\u{1B}[7m\(line)\(String(repeating: " ", count: max(0, columns - line.count)))"
    }
    return lines
  }

  private var foot: String {
    if let question = model.question { return "\u{1B}[7m\(cut(question.text))" }
    if let message = model.message { return cut(message) }
    return cut(keys)
  }

  private var keys: String {
    switch model.page {
    case .fleet: "arrows move  Enter jobs  d disable  e enable  q quit"
    case .jobs: "arrows move  Enter output  c cancel  q back  Ctrl-C quit"
    case .output: "arrows scroll  G end  c cancel  q back  Ctrl-C quit"
    }
  }

  private func cut(_ text: String) -> String {
    let text = printable(text)
    return text.count > columns ? text.prefix(max(0, columns - 1)) + "…" : text
  }
}
