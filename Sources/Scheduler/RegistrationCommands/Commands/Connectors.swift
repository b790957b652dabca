import AgentProtocol
import Console
import SchedulerRegistry

extension Scheduler {
  /// Executes ADD EXECUTOR CONNECTOR.
  func addConnector(_ switches: Switches) throws -> CommandAnswer {
    try checkServer(switches.value("SERVER"))
    let name = try switches.agentName()
    let address = try switches.address(of: name)
    let platform = try Self.platform(switches.value("PLATFORM"))
    let wanted = try switches.thumbprint()
    let (connector, replaced) = try registry.update { record, transaction in
      let certificate = try connectorCertificate(wanted, record, transaction.before)
      var connector = ExecutorConnector(
        agentName: name, host: address.host, port: address.port,
        certificate: wanted == nil ? nil : certificate.sha256Thumbprint, platform: platform, addedAt: .now())
      let index = record.index(of: name)
      connector.labels = index.flatMap { record.connectors[$0].labels }
      if let index { record.connectors[index] = connector } else { record.connectors.append(connector) }
      return (connector, index != nil)
    }
    let place = HostAndPort.text(address.host, address.port)
    var answer = CommandAnswer(
      ["Executor Connector ADDED", "  agent       \(name)", "  address     \(place)", "  platform    \(platform)"]
        + (replaced ? ["  replaces the previous one"] : []),
      warnings: switches.has("USER") || switches.has("PROMPT")
        ? ["/USER and /PROMPT are not needed: anyone who can write to \(registry.home) can add connectors"] : [])
    switch probe(connector) {
    case .connected(let thumbprint, let version):
      answer.lines += ["  connected   to agentd \(version)", "  SHA-256     \(thumbprint)"]
      if let contradiction = connector.contradiction {
        answer.warnings.append("\(contradiction): ADD EXECUTOR CONNECTOR again with /PLATFORM=Linux")
      }
    case .failed(let reason):
      answer.warnings.append("\(name) could not be reached yet: \(reason); agentctl agents shows when it is Online")
    }
    return answer
  }

  /// Executes REMOVE EXECUTOR CONNECTOR.
  func removeConnector(_ switches: Switches) throws -> CommandAnswer {
    let name = switches.required("AGENTNAME")
    try registry.update { record, _ in
      guard let index = record.index(of: name) else {
        throw CommandError(.data, "there is no executor connector for \(name); LIST EXECUTOR CONNECTOR shows all")
      }
      record.connectors.remove(at: index)
    }
    return CommandAnswer(["Executor Connector REMOVED", "  agent       \(name)"])
  }

  /// Checks /SERVER. In the article the command runs elsewhere and names the scheduler; here it runs on the scheduler.
  private func checkServer(_ name: String?) throws(CommandError) {
    guard let name, !hostNames.contains(where: { $0.lowercased() == name.lowercased() }) else { return }
    throw CommandError(
      .usage, "/SERVER=\(name) is not this host, which is \(hostNames[0]): run scheduler-register on \(name)")
  }

  private static func platform(_ text: String?) throws(CommandError) -> String {
    guard let text else { return "Windows" }
    guard let known = ["Linux", "Windows"].first(where: { $0.lowercased() == text.lowercased() }) else {
      throw CommandError(.usage, "/PLATFORM=\(text) is not known; use Linux or Windows")
    }
    return known
  }
}

extension RegistryRecord {
  fileprivate func index(of agentName: String) -> Int? {
    connectors.firstIndex { AgentName.isSame($0.agentName, agentName) }
  }
}
