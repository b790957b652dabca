import OpenSSL
import Values

/// A client to verify: the path found from its certificate, and OpenSSL's objections.
struct Candidate {
  /// From the client's certificate as far as issuers were found; never empty.
  let chain: [Certificate]
  /// The objections to each certificate of `chain`.
  private let findings: [[PathFinding]]
  let roots: [Certificate]
  let expiredRevocationLists: ClientVerifier.ExpiredRevocationLists
  /// Seconds since the epoch.
  let time: Int64
  private let revocationLists: RevocationLists

  init(
    _ path: CertificatePath, roots: [Certificate], revocationLists: RevocationLists,
    expiredRevocationLists: ClientVerifier.ExpiredRevocationLists, time: Int64
  ) {
    chain = path.chain
    self.roots = roots
    self.expiredRevocationLists = expiredRevocationLists
    self.time = time
    self.revocationLists = revocationLists
    var sorted = [[PathFinding]](repeating: [], count: path.chain.count)
    // An objection to something outside the path counts for its end, so that none is lost.
    for finding in path.findings where !finding.isTolerated {
      let place = finding.certificate.flatMap { path.chain.firstIndex(of: $0) } ?? finding.depth
      sorted[min(max(place, 0), path.chain.count - 1)].append(finding)
    }
    self.findings = sorted
  }

  var leaf: Certificate { chain[0] }

  /// Returns the objections to the certificate at `depth`; 0 is the client's own.
  func findings(at depth: Int) -> [PathFinding] { findings[depth] }

  /// Returns the first objection of this kind to the certificate at `depth`.
  func finding(_ fault: PathFault, at depth: Int) -> PathFinding? { findings[depth].first { $0.fault == fault } }

  /// Returns whether OpenSSL has this objection to the certificate at `depth`.
  func has(_ fault: PathFault, at depth: Int) -> Bool { finding(fault, at: depth) != nil }

  /// Returns the status of the certificate at `depth` in the available revocation lists.
  func revocation(at depth: Int) -> RevocationStatus {
    depth + 1 < chain.count ? revocationLists.status(of: chain[depth], by: chain[depth + 1], at: time) : .unknown
  }

  /// The first rule that the candidate breaks, with its position among the rules; `nil` for an accepted client.
  var firstBreach: (place: Int, breach: Breach)? {
    for (place, rule) in ClientRules.all.enumerated() {
      for depth in chain.indices {
        if let breach = rule.breach(at: depth, of: self) { return (place, breach) }
      }
    }
    return nil
  }

  /// Returns the certificate at `depth` for messages.
  func link(_ depth: Int) -> Link { Link(chain[depth], isClient: depth == 0) }
}

/// A certificate of a chain, as named in messages.
public struct Link: Equatable, Sendable {
  /// The subject, as in RFC 4514.
  public let subject: String
  /// SHA-256 of the certificate.
  public let sha256Thumbprint: Thumbprint
  /// Whether it is the client's own certificate, not an issuer's.
  public let isClient: Bool

  init(_ certificate: Certificate, isClient: Bool) {
    subject = certificate.subject
    sha256Thumbprint = certificate.sha256Thumbprint
    self.isClient = isClient
  }
}
