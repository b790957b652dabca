import AgentClient
import AgentProtocol
import ArgumentParser

/// Watches the jobs of an agent.
struct EventsCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Print each change of a job's state, as it happens.",
    usage: "agentctl events [options] AGENT")

  @OptionGroup var target: TargetOptions
  @Option(help: ArgumentHelp("The position to continue from; --json prints it.", valueName: "position"))
  var since: String?
  @Flag(help: "Print one JSON object per line.") var json = false

  func validate() throws {
    if let since, EventPosition(since) == nil { throw ValidationError("--since: a position that --json has printed") }
  }

  func perform(_ agent: AgentClient) async throws {
    try await agent.events(since: since.flatMap { EventPosition($0) }) { event in
      if json { return try printJSON(PrintedEvent(event)) }
      switch event {
      case .position: break
      case .gap: complain("some changes before this moment are not known")
      case .changed(let change, _):
        let end = change.signal ?? change.exitCode.flatMap { $0 == 0 ? nil : "\($0)" }
        try printLine("\(change.at)  \(change.id)  \(change.state.rawValue)\(end.map { "(\($0))" } ?? "")")
      }
    }
  }
}

/// An event for programs: the keys of the change, if it is one, and the position after it.
private struct PrintedEvent: Encodable {
  let event: AgentEvent

  init(_ event: AgentEvent) { self.event = event }

  private enum CodingKeys: String, CodingKey {
    case position, gap
  }

  func encode(to encoder: any Encoder) throws {
    if case .changed(let change, _) = event { try change.encode(to: encoder) }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(event.position.description, forKey: .position)
    if case .gap = event { try container.encode(true, forKey: .gap) }
  }
}
