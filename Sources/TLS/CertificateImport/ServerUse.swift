import OpenSSL

/// Checks whether the listener can serve with a certificate, in the same way: by creating a TLS context, with which clients then connect.
public enum ServerUse {
  /// Lets clients with OpenSSL's default settings connect, in memory.
  ///
  /// - Parameters:
  ///   - chain: the certificate, then its issuers up to a root.
  ///   - key: the certificate's private key.
  /// - Returns: warnings about clients that will refuse the certificate, one line each.
  /// - Throws: `ImportRefusal.unusable` for a certificate that is too weak, with which no client can connect, or that cannot be used for
  ///   another reason.
  public static func check(_ chain: [Certificate], _ key: PrivateKey) throws(ImportRefusal) -> [String] {
    let (certificate, root) = (chain[0], chain[chain.count - 1])
    var failures: [(version: TrialHandshake.Version, reason: String)] = []
    var objection: String?
    do throws(OpenSSLError) {
      var configuration = TLSServerContext.Configuration(
        certificateChain: Array(chain.dropLast()), privateKey: key, clientAuthorities: [])
      configuration.admitsAnonymousClients = true
      let context = try TLSServerContext(configuration) { _ in
        .refused(alert: .handshakeFailure, reason: "no client presents a certificate to this context")
      }
      for version in TrialHandshake.Version.allCases {
        switch try TrialHandshake.run(context, trusting: root, version) {
        case .notAllowed: break
        case .complete(let found): objection = objection ?? found
        case .failed(let reason): failures.append((version, reason))
        }
      }
    } catch {
      throw .unusable(subject: certificate.subject, reason: error.reason)
    }
    if failures.count == TrialHandshake.Version.allCases.count {
      throw .unusable(
        subject: certificate.subject, reason: "clients with OpenSSL's defaults cannot connect (\(failures[0].reason))")
    }
    return failures.map { "\(certificate.subject): clients cannot connect with \($0.version) (\($0.reason))" }
      + (objection.map { ["\(certificate.subject): clients refuse it (\($0)); issue another one"] } ?? [])
      + flaws(of: certificate).map { "\(certificate.subject) \($0)" }
  }

  /// Returns why some clients refuse the certificate although OpenSSL's do not.
  private static func flaws(of certificate: Certificate) -> [String] {
    var flaws: [String] = []
    if !certificate.allowsDigitalSignature {
      flaws.append("lacks digitalSignature in its key usage: strict clients refuse it (RFC 8446 section 4.4.2.2)")
    }
    if certificate.subjectAlternativeNames.isEmpty {
      flaws.append("has no alternative names: most clients look for the host's name nowhere else, and refuse it")
    }
    if certificate.requiresStapledStatus {
      flaws.append(
        "must be served with a status of its CA (TLS feature, must-staple), which agentd does not do: strict clients refuse it"
      )
    }
    if certificate.hasExplicitCurve {
      flaws.append("spells out the parameters of its key's curve in place of the curve's name: many clients refuse it")
    }
    return flaws
  }
}
