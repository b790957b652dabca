import OpenSSL

/// A scheduler's own certificate authority: a self-signed root that issues connector and listener certificates.
public struct CertificateAuthority: Sendable {
  /// The default name of a root CA, from the article.
  public static let defaultName = "JAMS Local Self-Signed Root CA"

  /// The root certificate.
  public let certificate: Certificate
  /// Its private key.
  public let key: PrivateKey

  /// Where its revocation list is published, for the certificates that it issues; `nil` if nowhere.
  public let revocationListURL: String?

  /// Uses an existing CA.
  public init(certificate: Certificate, key: PrivateKey, revocationListURL: String? = nil) throws(AuthorityError) {
    guard certificate.isCA, certificate.isSelfSigned else { throw .notRoot(subject: certificate.subject) }
    guard certificate.matches(key) else { throw .otherKey(subject: certificate.subject) }
    self.certificate = certificate
    self.key = key
    self.revocationListURL = revocationListURL
  }

  /// Creates a new CA with a new key. It cannot issue certificates for other CAs.
  ///
  /// - Parameter lifetime: the validity of the root certificate.
  public static func create(
    named name: String = defaultName, _ kind: KeyKind = .p256, for lifetime: Lifetime
  ) throws(AuthorityError) -> CertificateAuthority {
    do throws(OpenSSLError) {
      let key = try PrivateKey.generate(kind)
      let template = CertificateTemplate(
        commonName: name, purpose: .authority(pathLength: 0), notBefore: lifetime.notBefore,
        notAfter: lifetime.notAfter)
      return CertificateAuthority(trusted: try .issueSelfSigned(template, with: key), key)
    } catch { throw .openSSL(error) }
  }

  private init(trusted certificate: Certificate, _ key: PrivateKey) {
    self.certificate = certificate
    self.key = key
    revocationListURL = nil
  }

  /// Issues the certificate with which a scheduler's executor connector authenticates to agents.
  public func issueConnector(
    named name: String, for key: PublicKey, _ lifetime: Lifetime
  ) throws(AuthorityError) -> Certificate {
    try issue(name, .client, [], key, lifetime)
  }

  /// Issues the certificate with which an agent authenticates to schedulers.
  ///
  /// - Parameter names: further names that the scheduler may connect to, besides the agent's name.
  public func issueListener(
    agentName: String, names: [AlternativeName] = [], for key: PublicKey, _ lifetime: Lifetime
  ) throws(AuthorityError) -> Certificate {
    let own = AlternativeName.dns(agentName)
    return try issue(agentName, .server, [own] + names.filter { $0 != own }, key, lifetime)
  }

  /// Issues the list of revoked certificates.
  ///
  /// - Parameters:
  ///   - entries: the revoked certificates.
  ///   - number: the number of the list, greater than that of every earlier one.
  ///   - days: the number of days until the next list is due.
  ///   - now: the present time, in seconds since the epoch.
  public func issueRevocationList(
    _ entries: [RevocationList.Entry], number: UInt64, days: Int, now: Int64
  ) throws(AuthorityError) -> RevocationList {
    do throws(OpenSSLError) {
      return try .issue(
        entries, number: number, thisUpdate: now - Lifetime.backdate, nextUpdate: now + Int64(days) * 86400,
        by: (certificate, key))
    } catch { throw .openSSL(error) }
  }

  private func issue(
    _ name: String, _ purpose: CertificateTemplate.Purpose, _ names: [AlternativeName], _ key: PublicKey,
    _ lifetime: Lifetime
  ) throws(AuthorityError) -> Certificate {
    let lifetime = lifetime.cut(to: certificate)
    if lifetime.isEmpty { throw .expired(subject: certificate.subject) }
    do throws(OpenSSLError) {
      return try .issue(
        CertificateTemplate(
          commonName: name, purpose: purpose, alternativeNames: names, revocationListURL: revocationListURL,
          notBefore: lifetime.notBefore, notAfter: lifetime.notAfter),
        for: key, by: (certificate, self.key))
    } catch { throw .openSSL(error) }
  }
}

/// The reason why a CA cannot be used, or cannot issue.
public enum AuthorityError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The certificate is not that of a self-signed CA.
  case notRoot(subject: String)
  /// The key does not match the certificate.
  case otherKey(subject: String)
  /// The CA has expired.
  case expired(subject: String)
  /// OpenSSL refused.
  case openSSL(OpenSSLError)

  /// The error in one line.
  public var description: String {
    switch self {
    case .notRoot(let subject): "\(subject) is not a root CA: it is not self-signed, or may not issue certificates"
    case .otherKey(let subject): "the private key does not belong to \(subject)"
    case .expired(let subject): "\(subject) has expired: make a new one with CREATE ROOT CA /STOREKEY /MAKEDEFAULT"
    case .openSSL(let error): error.description
    }
  }
}
