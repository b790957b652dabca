/// The contents of a certificate to issue (RFC 5280 section 4).
public struct CertificateTemplate: Sendable {
  /// The permitted use of the certificate's key.
  public enum Purpose: Equatable, Sendable {
    /// Issues certificates and revocation lists, with at most the given number of CAs below it, or any number.
    case authority(pathLength: Int?)
    /// Authenticates a TLS server.
    case server
    /// Authenticates a TLS client.
    case client
  }

  /// The only common name of the subject: 1 to 64 characters (ub-common-name).
  public var commonName: String
  /// The permitted use of the certificate's key.
  public var purpose: Purpose
  /// Additional names of the subject.
  public var alternativeNames: [AlternativeName]
  /// The URL of the issuer's revocation list (CRL distribution point, RFC 5280 section 4.2.1.13); `nil` for none.
  public var revocationListURL: String?
  /// The first second of validity, since the epoch.
  public var notBefore: Int64
  /// The last second of validity, since the epoch.
  public var notAfter: Int64

  public init(
    commonName: String, purpose: Purpose, alternativeNames: [AlternativeName] = [], revocationListURL: String? = nil,
    notBefore: Int64, notAfter: Int64
  ) {
    self.revocationListURL = revocationListURL
    self.commonName = commonName
    self.purpose = purpose
    self.alternativeNames = alternativeNames
    self.notBefore = notBefore
    self.notAfter = notAfter
  }
}

extension CertificateTemplate {
  /// The extensions whose values depend only on the purpose, in the notation of x509v3_config(5).
  var fixedExtensions: [(name: Int32, value: String)] {
    switch purpose {
    case .authority(let pathLength):
      [
        (NID.basicConstraints, "critical,CA:TRUE" + (pathLength.map { ",pathlen:\($0)" } ?? "")),
        (NID.keyUsage, "critical,keyCertSign,cRLSign"),
      ]
    case .server: Self.endEntity + [(NID.extendedKeyUsage, "serverAuth")]
    case .client: Self.endEntity + [(NID.extendedKeyUsage, "clientAuth")]
    }
  }

  private static let endEntity: [(name: Int32, value: String)] = [
    (NID.basicConstraints, "critical,CA:FALSE"), (NID.keyUsage, "critical,digitalSignature"),
  ]
}
