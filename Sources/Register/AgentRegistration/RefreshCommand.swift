import AgentConfiguration
import CertificateImport
import Console
import EnrolmentClient
import OpenSSL
import Sandbox
import SystemCalls
import Values

extension Registration {
  /// Fetches the revocation lists of the trusted roots from the enrolment service: `--refresh`.
  ///
  /// agentd runs this every few minutes. The service is trusted with nothing: each list is imported as by `-I`, so that its signature, the
  /// key of its issuer, its number and its dates decide, and nothing but lists is imported. Like a renewal, it is two processes.
  ///
  /// - Parameter startedByAgentd: whether agentd started this; it then reloads automatically, and an empty report says that nothing changed.
  public func refresh(startedByAgentd: Bool) throws -> Report {
    guard let server = try listenerConfiguration().enrolmentServer else {
      throw CommandError(
        .configuration, "no enrolment service is configured: name one with \(command("-L -s SERVER"))")
    }
    let (catalog, service) = (try catalog(), try enrolmentServer(server))
    let exchange = try NetworkProcess(reach: networkReach(service), limit: Bundle.maximumBytesWithLists) {
      try rethrowing { try Self.newLists(of: service, catalog) }
    }
    let gaps = Confinement.renewal(fileReach(startedByAgentd: startedByAgentd)).enter()
    var lines = try importLists(Self.lists(exchange.result()), from: service)
    if !startedByAgentd {
      lines.append(
        lines.isEmpty ? "there is no newer list" : RunningAgent(configuration).reload(startedBy: agentCommand))
    }
    return Report(lines: lines, warnings: gaps.map { "the renewal is not fully confined: \($0)" })
  }

  /// Returns the lists that are not in the store, in PEM.
  private static func newLists(of service: EnrolmentServer, _ catalog: StoreCatalog) throws -> [UInt8] {
    var text: [UInt8] = []
    for root in catalog.roots {
      let held = catalog.revocationLists.filter { $0.isIssued(by: root) }.map(\.sha256Thumbprint)
      // In PEM, a list has a third more bytes.
      let room = (Bundle.maximumBytesWithLists - text.count) / 3 * 2
      let list = try service.revocationList(
        of: root.sha256Thumbprint, held: held, trusting: catalog.roots, limit: max(room, 0))
      if let list { text += Array(list.pem.utf8) }
    }
    return text
  }

  /// Reads what the other process sent, which may be a stranger's. Everything but lists is ignored.
  private static func lists(_ text: [UInt8]) throws(CommandError) -> [RevocationList] {
    guard !text.isEmpty else { return [] }
    do {
      return try PEMBlock.all(in: text, limit: Bundle.maximumBlocks).filter { $0.kind == .revocationList }
        .map { try RevocationList(pem: $0) }
    } catch { throw CommandError(.protocol, "the revocation list cannot be read") }
  }

  /// Imports each list separately, so that one that cannot be used holds up no other.
  private func importLists(_ lists: [RevocationList], from service: EnrolmentServer) throws -> [String] {
    var (lines, refusals) = ([String](), [String]())
    for list in lists {
      do {
        let plan = try CertificateImporter(store: store).add(Bundle(of: list), now: now)
        lines += plan.revocationLists.map { list in
          "imported the revocation list of \(list.issuer): \(list.revokedCount) revoked"
            + (list.nextUpdate.map { ", next due \(Timestamp(seconds: $0).short)" } ?? "")
        }
      } catch let refusal as ImportRefusal { refusals.append("\(refusal)") }
    }
    if refusals.isEmpty { return lines }
    throw CommandError(.data, "a list of \(service) was not used: \(refusals.joined(separator: "; "))")
  }
}
