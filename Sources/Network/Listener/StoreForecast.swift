import AgentProtocol
import ClientSightings
import Forecast
import OpenSSL
import SupervisorLink
import SystemCalls
import Values

/// Forecasts what in the material will break, and for which recently seen clients: `agentd -t --at`.
enum StoreForecast {
  /// The maximum number of breakages reported.
  private static let limit = 16

  /// - Parameter clients: the record of clients, if it exists.
  static func make(
    of material: ListenerMaterial, clients: SystemCalls.FileDescriptor?, now: Timestamp = .now()
  ) throws(Unusable) -> [Breakage] {
    let trust = try Trust(material.trust)
    let known = trust.certificates + trust.roots
    let own = known.first { $0.sha256Thumbprint == material.certificate }
    let store = JudgedStore(
      listenerChain: own.map { chain(of: $0, known, trust.roots, now) } ?? [], roots: trust.roots,
      certificates: trust.certificates, revocationLists: trust.revocationLists,
      expiredRevocationLists: material.trust.acceptsExpiredLists ? .accept : .refuse)
    let seconds = now.seconds
    do {
      let seen = try clients.map { try read($0, now: seconds) } ?? []
      return Array(try Forecast(of: store, clients: seen, from: seconds).breakages.prefix(limit))
    } catch let error as Unusable {
      throw error
    } catch {
      throw Unusable("the record of clients cannot be used: \(error); agentd makes a new one when it restarts")
    }
  }

  private static func chain(
    of own: Certificate, _ known: [Certificate], _ roots: [Certificate], _ now: Timestamp
  ) -> [Certificate] {
    let chain = Material.chain(of: own, from: known, now)
    guard let last = chain.last, !last.isSelfSigned, let root = roots.first(where: { last.isIssued(by: $0) }) else {
      return chain
    }
    return chain + [root]
  }

  private static func read(_ file: SystemCalls.FileDescriptor, now: Int64) throws -> [SeenClient] {
    try SightingsFile(path: "clients").load(from: file).recent(at: now).map { sighting in
      guard let client = SeenClient(sighting) else {
        throw Unusable("the record of client \(sighting.client.thumbprint) does not hold its certificate")
      }
      return client
    }
  }
}
