import OpenSSL

/// The complete result for a client: the verdict, and the faults of each certificate on the path.
public struct Examination: Sendable {
  /// The verdict, the same as in a handshake.
  public let verdict: Verdict
  /// From the client's certificate as far as issuers were found.
  public let links: [ExaminedLink]

  /// The issuer at which the path ended because its certificate is missing; `nil` if the path is complete.
  public var missingIssuer: (name: String, namesake: Breach.Namesake)? {
    for case .missingIssuer(_, let issuer, let namesake) in links.flatMap(\.breaches) { return (issuer, namesake) }
    return nil
  }
}

/// A certificate of a chain, with the rules that it breaks.
public struct ExaminedLink: Sendable {
  /// The certificate.
  public let certificate: Certificate
  /// The broken rules in the order of checking; empty for a certificate without faults.
  public let breaches: [Breach]
  /// Whether it is an imported root.
  public let isImportedRoot: Bool
}
