import AgentProtocol
import EnrolmentService
import OpenSSL
import SchedulerRegistry

/// The limits on renewals.
///
/// An agent renews once in two thirds of a certificate's life, and retries every six hours if the answer was lost. A thief of a certificate
/// must not obtain a stock of others that all have to be revoked.
enum RenewalLimits {
  /// The maximum number of renewals of a certificate within a day.
  static let ofCertificate = 4
  /// The maximum number of certificates with the same name that were issued for renewals and are in force.
  static let ofName = 16
  private static let day: Int64 = 86400

  /// - Parameter time: the present time, in seconds since the epoch.
  static func check(
    _ certificate: Certificate, _ agentName: String, _ record: RegistryRecord, at time: Int64
  ) throws(EnrolmentRefusal) {
    let renewals = record.issued.filter { $0.renewalOf != nil && $0.isInForce(at: time) }
    let thumbprint = certificate.sha256Thumbprint
    let recent = renewals.filter { entry in
      entry.renewalOf == thumbprint && (entry.issuedAt?.seconds ?? 0) > time - day
    }
    if recent.count >= ofCertificate {
      throw refusal("the certificate was renewed \(recent.count) times within a day", agentName)
    }
    let sameName = renewals.count { $0.isOf(agentName: agentName) }
    if sameName >= ofName {
      throw refusal("\(sameName) renewed certificates of \(agentName) are in force already", agentName)
    }
  }

  private static func refusal(_ fact: String, _ agentName: String) -> EnrolmentRefusal {
    EnrolmentRefusal(
      .tooMany, "\(fact); if that was not the agent, revoke them: REVOKE CERT /AGENTNAME=\(agentName)",
      detail: "\(agentName): \(fact)")
  }
}

extension IssuedCertificate {
  /// Returns whether it is neither expired nor revoked at `time`, in seconds since the epoch.
  func isInForce(at time: Int64) -> Bool { revokedAt == nil && notAfter.milliseconds / 1000 >= time }

  /// Returns whether it is the certificate of the agent with this name.
  func isOf(agentName: String) -> Bool { role == .listener && AgentName.isSame(subject, "CN=\(agentName)") }
}
