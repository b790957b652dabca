import CertificateImport
import Forecast
import OpenSSL
import Values
import Wording

/// Who would be kept out if an issuer were removed.
extension Registration {
  /// The clients of the last 30 days whom the gate lets in now, and would not without the certificate of that
  /// thumbprint. Who gets in by another root as well is none of them.
  func clientsNeeding(_ thumbprint: Thumbprint, in catalog: StoreCatalog) throws -> [SeenClient] {
    let clients = recent(try seenClients())
    if clients.isEmpty { return [] }
    let (present, without) = (
      try judgedStore(catalog).verifier(), try judgedStore(catalog, without: thumbprint).verifier()
    )
    return clients.filter { $0.isAccepted(by: present, at: now) && !$0.isAccepted(by: without, at: now) }
  }

  /// Refuses a removal that would keep out `clients`.
  func refusal(_ entry: StoreEntry, neededBy clients: [SeenClient]) -> String {
    "\(entry.role) \(entry.subject) is still needed: \(Self.summary(clients)); "
      + "give \(clients.count == 1 ? "it a certificate" : "them certificates") from a root that stays, or use --force"
  }

  /// What a removal has done to `clients`.
  func warning(ofRefused clients: [SeenClient]) -> String { "refused from now on: \(Self.summary(clients))" }

  private static func summary(_ clients: [SeenClient]) -> String {
    guard let last = clients.first else { return "nobody" }
    let count = counted(clients.count, "client")
    return "\(count) of the last 30 days, \(last.certificate.subject) last, "
      + "at \(Timestamp(seconds: last.lastUse).short)"
  }
}
