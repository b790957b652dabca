import CertificateImport
import Forecast
import OpenSSL
import Values
import Wording

/// Which clients would be refused if an issuer were removed.
extension Registration {
  /// Returns the clients of the last 30 days that are accepted now but would be refused without the certificate with that thumbprint.
  ///
  /// This excludes clients that another root also accepts.
  func clientsNeeding(_ thumbprint: Thumbprint, in catalog: StoreCatalog) throws -> [SeenClient] {
    let clients = recent(try seenClients())
    if clients.isEmpty { return [] }
    let (present, without) = (
      try judgedStore(catalog).verifier(), try judgedStore(catalog, without: thumbprint).verifier()
    )
    return clients.filter { $0.isAccepted(by: present, at: now) && !$0.isAccepted(by: without, at: now) }
  }

  /// Returns the message that refuses a removal because of `clients`.
  func refusal(_ entry: StoreEntry, neededBy clients: [SeenClient]) -> String {
    "\(entry.role) \(entry.subject) is still needed: \(Self.summary(clients)); "
      + "give \(clients.count == 1 ? "it a certificate" : "them certificates") from a root that stays, or use --force"
  }

  /// Returns the warning that a removal affects `clients`.
  func warning(ofRefused clients: [SeenClient]) -> String { "refused from now on: \(Self.summary(clients))" }

  private static func summary(_ clients: [SeenClient]) -> String {
    guard let last = clients.first else { return "nobody" }
    let count = counted(clients.count, "client")
    return "\(count) of the last 30 days, \(last.certificate.subject) last, "
      + "at \(Timestamp(seconds: last.lastUse).short)"
  }
}
