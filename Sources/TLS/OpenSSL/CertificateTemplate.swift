/// What a certificate that is to be issued says (RFC 5280 section 4).
public struct CertificateTemplate: Sendable {
  /// What its key may be used for.
  public enum Purpose: Equatable, Sendable {
    /// To issue certificates and revocation lists; with at most that many CAs below, or any number.
    case authority(pathLength: Int?)
    /// To prove a server of TLS.
    case server
    /// To prove a client of TLS.
    case client
  }

  /// The subject's one common name: 1 to 64 characters (ub-common-name).
  public var commonName: String
  /// What its key may be used for.
  public var purpose: Purpose
  /// Further names of the subject.
  public var alternativeNames: [AlternativeName]
  /// The first second of validity, since the epoch.
  public var notBefore: Int64
  /// The last second of validity, since the epoch.
  public var notAfter: Int64

  public init(
    commonName: String, purpose: Purpose, alternativeNames: [AlternativeName] = [], notBefore: Int64, notAfter: Int64
  ) {
    self.commonName = commonName
    self.purpose = purpose
    self.alternativeNames = alternativeNames
    self.notBefore = notBefore
    self.notAfter = notAfter
  }
}

extension CertificateTemplate {
  /// The extensions whose value is the same for every certificate of a purpose, in the notation of x509v3_config(5).
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
