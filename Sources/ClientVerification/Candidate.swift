import OpenSSL

/// A client to be judged: its certificate, the path that was found from it, and what OpenSSL objects to.
struct Candidate {
  let leaf: Certificate
  /// From `leaf` as far as issuers were found.
  let chain: [Certificate]
  /// Without those objections that the gate tolerates; see `ToleratedObjections`.
  let findings: [PathFinding]
  let roots: [Certificate]
  let revocationLists: [RevocationList]
  /// Seconds since the epoch.
  let time: Int64

  /// The first objection of this kind.
  func finding(_ fault: PathFault) -> PathFinding? { findings.first { $0.fault == fault } }

  /// The certificate that an objection is about.
  func link(_ finding: PathFinding) -> Link { Link(certificate(finding), isClient: finding.depth == 0) }

  /// The certificate that an objection is about.
  func certificate(_ finding: PathFinding) -> Certificate {
    finding.certificate ?? (chain.indices.contains(finding.depth) ? chain[finding.depth] : leaf)
  }
}

/// One certificate of a chain, as messages name it.
public struct Link: Equatable, Sendable {
  /// Its subject, as RFC 4514 has it.
  public let subject: String
  /// SHA-256 of the certificate.
  public let sha256Thumbprint: String
  /// Whether it is the client's own and not an issuer's.
  public let isClient: Bool

  init(_ certificate: Certificate, isClient: Bool) {
    subject = certificate.subject
    sha256Thumbprint = certificate.sha256Thumbprint
    self.isClient = isClient
  }
}
