import AgentProtocol
import CertificateStore
import Console
import FoundationEssentials
import SchedulerRegistry
import SystemCalls
import Values
import Wording

/// The file of EXPORT CONNECTORS. It has no secrets.
private struct ConnectorFile: Codable {
  static let form = 1
  /// The maximum size, in bytes: room for a hundred thousand agents.
  static let maximumBytes = 1 << 25

  var form = Self.form
  var connectors: [ExecutorConnector]

  enum CodingKeys: String, CodingKey {
    case form = "agentd_connectors"
    case connectors
  }
}

extension Scheduler {
  /// Executes EXPORT CONNECTORS.
  func exportConnectors(_ switches: Switches) throws -> CommandAnswer {
    let file = try TargetFile(switches.required("FILENAME"), switches, mayReplace: Self.isConnectorFile)
    let connectors = try registry.record().connectors.sorted { $0.agentName < $1.agentName }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let encoded = try encoder.encode(ConnectorFile(connectors: connectors))
    try file.write(String(decoding: encoded, as: UTF8.self) + "\n")
    return CommandAnswer([
      "Executor Connectors exported to \(file.path)", "  agents      \(connectors.count)",
      "a standby or an operator imports them with: IMPORT CONNECTORS /FILENAME=\(Path.name(of: file.path))",
    ])
  }

  /// Executes IMPORT CONNECTORS.
  func importConnectors(_ switches: Switches) throws -> CommandAnswer {
    let file = switches.required("FILENAME")
    let wanted = try Self.connectors(in: file)
    let counts = try registry.update { record, transaction in
      let here = Set(try catalog(transaction.before).certificates.map(\.sha256Thumbprint))
      var counts = (added: 0, changed: 0, removed: 0, otherCertificate: 0)
      var present = Dictionary(
        record.connectors.enumerated().map { ($1.agentName.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
      for var connector in wanted {
        if let certificate = connector.certificate, !here.contains(certificate) {
          connector.certificate = nil
          counts.otherCertificate += 1
        }
        if let index = present[connector.agentName.lowercased()] {
          if record.connectors[index] != connector { counts.changed += 1 }
          record.connectors[index] = connector
        } else {
          present[connector.agentName.lowercased()] = record.connectors.count
          record.connectors.append(connector)
          counts.added += 1
        }
      }
      if switches.has("MIRROR") {
        let names = Set(wanted.map { $0.agentName.lowercased() })
        counts.removed = record.connectors.count
        record.connectors.removeAll { !names.contains($0.agentName.lowercased()) }
        counts.removed -= record.connectors.count
      }
      return counts
    }
    return CommandAnswer(
      [
        "Executor Connectors imported", "  agents      \(wanted.count)",
        "  added       \(counts.added)", "  changed     \(counts.changed)",
      ] + (switches.has("MIRROR") ? ["  removed     \(counts.removed)"] : []),
      warnings: counts.otherCertificate == 0
        ? []
        : [
          "\(counted(counts.otherCertificate, "agent")) had a connector certificate that is not here, and the default one is used: "
            + "IMPORT EXEC CERT, then import the connectors again"
        ])
  }

  private static func isConnectorFile(_ path: String) -> Bool { (try? connectors(in: path)) != nil }

  /// Reads the connectors in a file, each for an agent of its own.
  private static func connectors(in file: String) throws -> [ExecutorConnector] {
    let bytes = try SourceFile.read(file, limit: ConnectorFile.maximumBytes).bytes.withUnsafeBytes { Data($0) }
    let contents: ConnectorFile
    do { contents = try JSONDecoder().decode(ConnectorFile.self, from: bytes) } catch let error as DecodingError {
      throw CommandError(.data, "\(file): is not what EXPORT CONNECTORS writes: \(error.explanation)")
    }
    guard contents.form == ConnectorFile.form else {
      throw CommandError(.data, "\(file): was written by a newer scheduler-register (form \(contents.form))")
    }
    var names: Set<String> = []
    for connector in contents.connectors {
      let (name, host) = (connector.agentName, connector.host)
      guard HostName.isOne(name), name.utf8.count <= 64, HostName.isOne(host) || HostName.isAddress(host),
        connector.port > 0, ["Linux", "Windows"].contains(connector.platform)
      else { throw CommandError(.data, "\(file): the connector for \(name.debugDescription) is not valid") }
      guard names.insert(name.lowercased()).inserted else {
        throw CommandError(.data, "\(file): has two connectors for \(name)")
      }
    }
    return contents.connectors
  }
}
