import AgentConfiguration
import CertificateImport
import ClientSightings
import ClientVerification
import Console
import Forecast
import OpenSSL
import SystemCalls
import Values

/// The gate that the store makes, and the clients whom agentd has let in.
extension Registration {
  /// What decides who is let in.
  ///
  /// - Parameter removed: a certificate that is to be left out.
  func judgedStore(_ catalog: StoreCatalog, without removed: Thumbprint? = nil) throws -> JudgedStore {
    let listener = try listenerConfiguration()
    let own = catalog.all.first { $0.sha256Thumbprint == listener.certificate }
    return JudgedStore(
      listenerChain: own.map { (try? catalog.chain(of: $0)) ?? [$0] } ?? [],
      roots: catalog.roots.filter { $0.sha256Thumbprint != removed },
      certificates: catalog.certificates.filter { $0.sha256Thumbprint != removed },
      revocationLists: catalog.revocationLists,
      expiredRevocationLists: configuration.tls.crlExpired == .warn ? .accept : .refuse)
  }

  /// Every client that agentd has recorded, who was there last first.
  ///
  /// - Throws: `CommandError` for a record that cannot be used.
  func seenClients() throws(CommandError) -> [SeenClient] {
    let path = configuration.paths.clients
    let sightings: ClientSightings
    do { sightings = try SightingsFile(path: path).load() } catch let broken as SightingsFile.Broken {
      throw CommandError(.configuration, "\(broken); agentd makes a new one when it restarts")
    } catch {
      throw CommandError(error)
    }
    var clients: [SeenClient] = []
    for sighting in sightings.newestFirst {
      guard let client = SeenClient(sighting) else {
        throw CommandError(
          .configuration,
          "\(path): the record of client \(sighting.client.thumbprint) does not hold its certificate; "
            + "stop agentd and remove the file")
      }
      clients.append(client)
    }
    return clients
  }

  /// Of `clients` those who were let in within the last 30 days.
  func recent(_ clients: [SeenClient]) -> [SeenClient] {
    clients.filter { $0.lastUse >= now - ClientSightings.recently }
  }
}
