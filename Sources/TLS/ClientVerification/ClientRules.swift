/// The gate's rules, in the order in which they are asked; the first one that is broken is the refusal's reason.
///
/// To add a rule, add a file and a line here. The last one refuses whatever OpenSSL objects to and no rule above names,
/// so that a forgotten line can only lead to a poorer message and never to an open gate.
enum ClientRules {
  static let all: [any ClientRule] = [
    // Certificates that can be read (OpenSSL finds no issuer of another),
    WellFormed(),
    // a chain of at most 8 certificates to an imported root,
    ChainLength(),
    ChainToImportedRoot(),
    // every signature valid,
    Signatures(),
    // keys and digests of at least 112 bits strength,
    Strength(),
    // dates,
    ValidityPeriod(),
    // CA flags and key usages of issuers,
    Authorities(),
    // path lengths,
    PathLengths(),
    // name constraints right,
    NameConstraints(),
    // purpose client authentication or none named,
    ClientPurpose(),
    // no revocation list in the store revokes any link,
    NotRevoked(),
    UsableRevocationLists(),
    // no unknown critical extension,
    KnownCriticalExtensions(),
    // and a name that means the same to every reader.
    StrictNames(),
    NothingElse(),
  ]
}

/// One rule of the gate.
protocol ClientRule: Sendable {
  /// How the certificate at `depth` of the candidate's chain breaks the rule; nil if it does not.
  func breach(at depth: Int, of candidate: Candidate) -> Breach?
}
