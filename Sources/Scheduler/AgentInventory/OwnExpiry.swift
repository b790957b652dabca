import CertificateImport
import OpenSSL
import SchedulerRegistry
import Values
import Wording

/// The certificates without which a scheduler reaches no agent, or issues nothing, and when they expire.
public enum OwnExpiry {
  /// How long before the end there are warnings.
  public static let notice = Duration.seconds(30 * Timestamp.secondsPerDay)

  /// Returns a line, with what to do, for each certificate in use here that has expired or expires within `notice` of `now`.
  ///
  /// These are the default root CA, the connector certificates in use and the roots that issued them.
  public static func warnings(_ record: RegistryRecord, _ catalog: StoreCatalog, at now: Timestamp) -> [String] {
    let used = Set(record.connectors.compactMap(\.certificate) + [record.defaultConnector].compactMap(\.self))
    let connectors = catalog.certificates.filter { used.contains($0.sha256Thumbprint) }
    let roots = catalog.roots.filter { root in
      root.sha256Thumbprint == record.defaultRoot || connectors.contains { $0.isIssued(by: root) }
    }
    return connectors.compactMap { certificate in
      let isDefault = certificate.sha256Thumbprint == record.defaultConnector
      let remedy =
        isDefault
        ? "CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT makes the next one"
        : "make the next one, and ADD EXECUTOR CONNECTOR again with its /THUMBPRINT"
      return text(certificate, "connector certificate", "agents refuse this scheduler then", remedy, at: now)
    }
      + roots.compactMap { root in
        text(
          root, "root CA", "nothing that it issued is accepted then",
          "make the next one with CREATE ROOT CA, and import it on all agents before that day", at: now)
      }
  }

  private static func text(
    _ certificate: Certificate, _ what: String, _ consequence: String, _ remedy: String, at now: Timestamp
  ) -> String? {
    let end = Timestamp(seconds: certificate.notAfter)
    guard end - now <= notice else { return nil }
    let days = Int64((end - now) / .seconds(Timestamp.secondsPerDay))
    let when = end < now ? "expired on \(end.day)" : "expires on \(end.day), in \(counted(days, "day"))"
    return "the \(what) \(certificate.subject) (\(certificate.sha1Thumbprint.prefix(8).uppercased())) \(when); "
      + (end < now ? "" : "\(consequence): ") + remedy
  }
}
