import OpenSSL
import Values

/// A client to be judged: the path that was found from its certificate, and what OpenSSL objects to.
struct Candidate {
  /// From the client's certificate as far as issuers were found; never empty.
  let chain: [Certificate]
  /// For each certificate of `chain` the objections to it.
  private let findings: [[PathFinding]]
  let roots: [Certificate]
  let revocationLists: [RevocationList]
  /// Seconds since the epoch.
  let time: Int64

  /// - Parameter findings: without those objections that the gate tolerates; see `ToleratedObjections`.
  init(
    chain: [Certificate], findings: [PathFinding], roots: [Certificate], revocationLists: [RevocationList], time: Int64
  ) {
    self.chain = chain
    self.roots = roots
    self.revocationLists = revocationLists
    self.time = time
    var sorted = [[PathFinding]](repeating: [], count: chain.count)
    // An objection to something outside of the path is one to its end: none may be lost.
    for finding in findings {
      let place = finding.certificate.flatMap { chain.firstIndex(of: $0) } ?? finding.depth
      sorted[min(max(place, 0), chain.count - 1)].append(finding)
    }
    self.findings = sorted
  }

  var leaf: Certificate { chain[0] }

  /// The objections to the certificate at `depth`; 0 is the client's own.
  func findings(at depth: Int) -> [PathFinding] { findings[depth] }

  /// The first objection of this kind to the certificate at `depth`.
  func finding(_ fault: PathFault, at depth: Int) -> PathFinding? { findings[depth].first { $0.fault == fault } }

  /// Whether OpenSSL objects to the certificate at `depth` in this way.
  func has(_ fault: PathFault, at depth: Int) -> Bool { finding(fault, at: depth) != nil }

  /// The certificate at `depth`, for messages.
  func link(_ depth: Int) -> Link { Link(chain[depth], isClient: depth == 0) }
}

/// One certificate of a chain, as messages name it.
public struct Link: Equatable, Sendable {
  /// Its subject, as RFC 4514 has it.
  public let subject: String
  /// SHA-256 of the certificate.
  public let sha256Thumbprint: Thumbprint
  /// Whether it is the client's own and not an issuer's.
  public let isClient: Bool

  init(_ certificate: Certificate, isClient: Bool) {
    subject = certificate.subject
    sha256Thumbprint = certificate.sha256Thumbprint
    self.isClient = isClient
  }
}
