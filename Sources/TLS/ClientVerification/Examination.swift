import OpenSSL

/// All that the gate has to say about a client: its decision, and what it thinks of each certificate on the way.
public struct Examination: Sendable {
  /// The decision, which is the one in a handshake.
  public let verdict: Verdict
  /// From the client's certificate as far as issuers were found.
  public let links: [ExaminedLink]

  /// The issuer at which the path ended because nobody has its certificate; nil where the path is whole.
  public var missingIssuer: (name: String, isNameOfImportedRoot: Bool)? {
    for case .missingIssuer(_, let issuer, let sameName) in links.flatMap(\.breaches) { return (issuer, sameName) }
    return nil
  }
}

/// One certificate of a chain with the rules that it breaks.
public struct ExaminedLink: Sendable {
  /// The certificate.
  public let certificate: Certificate
  /// In the order in which the rules are asked; empty for a certificate that is as it should be.
  public let breaches: [Breach]
  /// Whether it is a root that was imported.
  public let isImportedRoot: Bool
}
