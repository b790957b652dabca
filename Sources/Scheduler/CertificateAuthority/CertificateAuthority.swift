import OpenSSL

/// A scheduler's own certificate authority: a self-signed root that issues connector and listener certificates.
public struct CertificateAuthority: Sendable {
  /// The name of a root CA that is given no other; the article's.
  public static let defaultName = "JAMS Local Self-Signed Root CA"

  /// The root certificate.
  public let certificate: Certificate
  /// Its private key.
  public let key: PrivateKey

  /// A CA that exists already.
  public init(certificate: Certificate, key: PrivateKey) throws(AuthorityError) {
    guard certificate.isCA, certificate.isSelfSigned else { throw .notRoot(subject: certificate.subject) }
    guard certificate.matches(key) else { throw .otherKey(subject: certificate.subject) }
    self.certificate = certificate
    self.key = key
  }

  /// Makes a new CA with a new key. It issues for itself alone: no CA can be below it.
  ///
  /// - Parameter lifetime: of the root certificate.
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
  }

  /// Issues the certificate by which a scheduler's executor connector proves itself to agents.
  public func issueConnector(
    named name: String, for key: PublicKey, _ lifetime: Lifetime
  ) throws(AuthorityError) -> Certificate {
    try issue(name, .client, [], key, lifetime)
  }

  /// Issues the certificate by which an agent proves itself to schedulers.
  ///
  /// - Parameter names: what the scheduler may connect to beside the agent's name.
  public func issueListener(
    agentName: String, names: [AlternativeName] = [], for key: PublicKey, _ lifetime: Lifetime
  ) throws(AuthorityError) -> Certificate {
    let own = AlternativeName.dns(agentName)
    return try issue(agentName, .server, [own] + names.filter { $0 != own }, key, lifetime)
  }

  /// Issues the list of what it has revoked.
  ///
  /// - Parameters:
  ///   - number: greater than that of every earlier list.
  ///   - days: until the next list is due.
  ///   - now: seconds since the epoch.
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
          commonName: name, purpose: purpose, alternativeNames: names, notBefore: lifetime.notBefore,
          notAfter: lifetime.notAfter),
        for: key, by: (certificate, self.key))
    } catch { throw .openSSL(error) }
  }
}

/// Why a CA cannot be used, or cannot issue.
public enum AuthorityError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The certificate is none of a self-signed CA.
  case notRoot(subject: String)
  /// The key is not the certificate's.
  case otherKey(subject: String)
  /// Its time is over.
  case expired(subject: String)
  /// OpenSSL refused.
  case openSSL(OpenSSLError)

  /// One line.
  public var description: String {
    switch self {
    case .notRoot(let subject): "\(subject) is not a root CA: it is not self-signed, or may not issue certificates"
    case .otherKey(let subject): "the private key does not belong to \(subject)"
    case .expired(let subject): "\(subject) has expired: make a new one with CREATE ROOT CA /STOREKEY /MAKEDEFAULT"
    case .openSSL(let error): error.description
    }
  }
}
