/// The rules for clients, in the order in which they are checked; the first broken one is the reason for a refusal.
///
/// To add a rule, add a file and a line here. The last rule refuses whatever OpenSSL objects to and no other rule names, so a forgotten
/// line can only lead to a poorer message, never to a client that should be refused.
enum ClientRules {
  static let all: [any ClientRule] = [
    // Readable certificates: OpenSSL finds no issuer for others.
    WellFormed(),
    // A chain of at most 8 certificates to an imported root.
    ChainLength(),
    ChainToImportedRoot(),
    // Valid signatures.
    Signatures(),
    // Keys and digests with a strength of at least 112 bits.
    Strength(),
    // A client's key that can authenticate in the handshake.
    UsableKey(),
    // Dates.
    ValidityPeriod(),
    // CA flags and key usages of issuers.
    Authorities(),
    // Path lengths.
    PathLengths(),
    // Name constraints.
    NameConstraints(),
    // Client authentication as purpose, or no stated purpose.
    ClientPurpose(),
    // No link revoked, and usable revocation lists.
    NotRevoked(),
    UsableRevocationLists(),
    // No unknown critical extensions.
    KnownCriticalExtensions(),
    // A name that means the same to every reader, and no other objection.
    StrictNames(),
    NothingElse(),
  ]
}

/// A rule for clients.
protocol ClientRule: Sendable {
  /// Returns how the certificate at `depth` of the candidate's chain breaks the rule; `nil` if it does not.
  func breach(at depth: Int, of candidate: Candidate) -> Breach?
}
