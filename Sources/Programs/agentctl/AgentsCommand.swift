import AgentInventory
import AgentProtocol
import ArgumentParser
import Glibc
import SchedulerRegistry
import Values

/// Lists the agents with their states.
struct AgentsCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "agents", abstract: "Show each agent's state, and why it is not Online.",
    usage: "agentctl agents [options] [PATTERN ...]",
    discussion: "Exits with 1 if an enabled agent is not Online.")

  @OptionGroup var identity: IdentityOptions
  @Argument(
    help: ArgumentHelp("Only agents whose name matches, as in 'web*'.", valueName: "pattern"),
    completion: AgentNames.completion)
  var patterns: [String] = []
  @Option(help: ArgumentHelp("How long to wait for a silent agent.", valueName: "time"))
  var timeout = TimeSpan(seconds: 5)
  @Flag(help: "Print one JSON object per line.") var json = false

  func validate() throws {
    guard (0.1...3600).contains(timeout.seconds) else { throw ValidationError("--timeout: 0.1 to 3600 seconds") }
  }

  func perform(_ inventory: AgentInventory) async throws {
    let connectors = try patterns.isEmpty ? inventory.connectors : inventory.connectors(matching: patterns)
    var states: [String: AgentState] = [:]
    let progress = ProgressLine(of: connectors.count)
    let seconds = timeout.seconds
    try await sideBySide(connectors, width: connectors.count) {
      try await inventory.state(of: $0, within: seconds)
    } ended: {
      states[$0.agentName] = $1
      progress.show("\(states.count) of \(connectors.count) asked")
    }
    progress.clear()
    for warning in inventory.expiryWarnings() { complain("warning: \(warning)") }
    let reports = connectors.compactMap { connector in
      states[connector.agentName].map { AgentReport(connector, $0) }
    }
    if json { for report in reports { try printJSON(report) } } else { try show(reports, inventory) }
    if reports.contains(where: { $0.isTrouble }) { throw ExitCode(EXIT_FAILURE) }
  }

  private func show(_ reports: [AgentReport], _ inventory: AgentInventory) throws {
    if reports.isEmpty, !inventory.connectors.isEmpty {
      complain("no agent is left: all of them are excluded")
    } else if reports.isEmpty {
      complain(
        "there are no agents in \(inventory.home) yet: scheduler-register ADD EXECUTOR CONNECTOR adds one"
          + IdentityOptions.hint(forEmpty: inventory.home))
    }
    let isLabelled = reports.contains { $0.labelText != nil }
    for line in Table.lines(
      ["AGENT", "STATE", "JOBS", "VERSION", "ADDRESS"] + (isLabelled ? ["LABELS"] : []) + [""],
      reports.map {
        [$0.agent, $0.state, $0.jobs, $0.version ?? "-", $0.address] + (isLabelled ? [$0.labelText ?? "-"] : [])
          + [$0.remark]
      },
      // The reason is what the list is for: it is never cut.
      width: nil, colours: (1, { reports[$0].colour }))
    {
      try printLine(line)
    }
  }
}

/// An agent in the list.
private struct AgentReport: Encodable {
  let agent: String
  let state: String
  let reason: String?
  let address: String
  let platform: String
  let version: String?
  let running: Int?
  let queued: Int?
  let certificateThumbprint: Thumbprint?
  let certificateNotAfter: Timestamp?
  let warnings: [String]?
  let labels: [String: String]?
  let labelText: String?

  init(_ connector: ExecutorConnector, _ state: AgentState) {
    var status: AgentStatus?
    if case .online(let known) = state { status = known }
    agent = connector.agentName
    self.state = state.name
    reason = state.reason
    address = HostAndPort.text(connector.host, connector.port)
    platform = connector.platform
    version = status?.version
    running = status?.running
    queued = status?.queued
    certificateThumbprint = status?.certificateThumbprint
    certificateNotAfter = status?.certificateNotAfter
    warnings = status.map { status in
      status.warnings
        + (connector.contradiction.map { ["\($0): scheduler-register ADD EXECUTOR CONNECTOR with /PLATFORM=Linux"] }
          ?? [])
    }
    (labels, labelText) = (connector.labels, connector.labelText)
  }

  enum CodingKeys: String, CodingKey {
    case agent, state, reason, address, platform, version, running, queued, warnings, labels
    case certificateThumbprint = "certificate_thumbprint"
    case certificateNotAfter = "certificate_not_after"
  }

  var isTrouble: Bool { reason != nil }
  var colour: Colour? { isTrouble ? .red : version == nil ? nil : warnings?.isEmpty == false ? .yellow : .green }
  var jobs: String { running.map { "\($0) running, \(queued ?? 0) queued" } ?? "-" }
  var remark: String { ([reason].compactMap(\.self) + (warnings ?? [])).joined(separator: "; ") }
}
