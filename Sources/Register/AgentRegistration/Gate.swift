import AgentConfiguration
import CertificateImport
import ClientSightings
import ClientVerification
import Console
import Forecast
import OpenSSL
import SystemCalls
import Values

/// The store as the basis of verification, and the clients that agentd has accepted.
extension Registration {
  /// Returns what decides which clients are accepted.
  ///
  /// - Parameter removed: a certificate to leave out.
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

  /// Returns all clients that agentd has recorded, the most recent first.
  ///
  /// - Throws: `CommandError` if the record is unusable.
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

  /// Returns those of `clients` that were accepted within the last 30 days.
  func recent(_ clients: [SeenClient]) -> [SeenClient] {
    clients.filter { $0.lastUse >= now - ClientSightings.recently }
  }
}
