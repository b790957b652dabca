import AgentInventory
import ArgumentParser
import SchedulerRegistry
import Wording

/// Gives agents labels, by which others commands choose them.
struct LabelCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "label", abstract: "Label agents, to be chosen as in -a site=berlin.",
    usage: "agentctl label [options] PATTERN [NAME=VALUE ...] [NAME- ...]",
    discussion: "NAME- removes a label. Without labels it shows them.")

  @OptionGroup var identity: IdentityOptions
  @Argument(help: ArgumentHelp("Agents, as for -a.", valueName: "pattern"), completion: AgentNames.completion)
  var pattern: String
  @Argument(help: ArgumentHelp("Labels to set, and to remove.", valueName: "label")) var labels: [String] = []
  @Flag(help: "Print one JSON object per line.") var json = false

  private struct Labels: Encodable {
    let agent: String
    let labels: [String: String]
  }

  func validate() throws { _ = try changes() }

  private func changes() throws -> [(name: String, value: String?)] {
    try labels.map { text in
      let pair = text.parts(at: "=", most: 1)
      if pair.count == 2, Self.isWord(pair[0]), Self.isWord(pair[1]) { return (pair[0], pair[1]) }
      let name = String(decoding: text.utf8.dropLast(), as: UTF8.self)
      if pair.count == 1, text.utf8.last == UInt8(ascii: "-"), Self.isWord(name) { return (name, nil) }
      throw ValidationError(
        "\(printable(text)): NAME=VALUE, or NAME- to remove a label; both have 1 to 63 of A-Z a-z 0-9 . _ -")
    }
  }

  private static func isWord(_ text: String) -> Bool {
    (1...63).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
      }
  }

  func perform(_ inventory: AgentInventory) async throws {
    let changes = try changes()
    let names = Set(try inventory.connectors(matching: [pattern]).map(\.agentName))
    if !changes.isEmpty {
      try identity.registry.update { record, _ in
        for index in record.connectors.indices where names.contains(record.connectors[index].agentName) {
          var labels = record.connectors[index].labels ?? [:]
          for (name, value) in changes { labels[name] = value }
          record.connectors[index].labels = labels.isEmpty ? nil : labels
        }
      }
    }
    for connector in try identity.inventory().connectors where names.contains(connector.agentName) {
      try json
        ? printJSON(Labels(agent: connector.agentName, labels: connector.labels ?? [:]))
        : printLine("\(connector.agentName): \(connector.labelText ?? "no labels")")
    }
  }
}

extension ExecutorConnector {
  /// The labels as they are typed; nil if there are none.
  var labelText: String? {
    labels?.sorted { ExactText($0.key) < ExactText($1.key) }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }
}
