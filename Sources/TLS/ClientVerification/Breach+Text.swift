import Values

extension Breach {
  /// The end of a line that begins with the client's certificate.
  var predicate: String {
    switch self {
    case .foreignRoot(let root, _): "chains to \(root.name), which \(statement)"
    case .notAnAuthority(let link, _): "was issued by \(link.name), which \(statement)"
    case .pathLengthExceeded(let link): "has more CAs in its chain than \(link.name) allows (path length)"
    case .chainTooLong(let limit): "has a chain of more than \(limit) certificates"
    default: (link?.possessive ?? "") + statement
    }
  }

  /// The end of a line that begins with the certificate in question.
  public var statement: String {
    switch self {
    case .selfSigned:
      "is self-signed and not an imported root: use one issued by an imported root"
    case .foreignRoot(_, .none):
      "is not imported here: import that root, or use a certificate issued by an imported one"
    case .foreignRoot(_, .otherKey):
      "has the name of an imported root but another key: import this root as well"
    case .foreignRoot(_, .otherIdentifier):
      "is another certificate of an imported root, which the one below it names: import this one, too"
    case .missingIssuer(_, let issuer, let namesake):
      "has no known issuer: \(Self.missing(issuer, namesake))"
    case .chainTooLong(let limit):
      "makes the chain too long: the maximum is \(limit) certificates"
    case .badSignature:
      "has a signature that does not match its issuer's key: it is damaged or forged, or its CA has a new key"
    case .weakKey(_, let key):
      "has too weak a key (\(key)): RSA 2048, P-256, Ed25519 or better is needed"
    case .unusableKey(_, let key):
      "has a key that TLS does not use here (\(key)): RSA, P-256, P-384, P-521 or Ed25519 is needed"
    case .weakDigest:
      "is signed with too weak a digest: SHA-256 or better is needed"
    case .notYetValid(_, let from, let now): Self.notYetValid(from, now)
    case .expired(_, let since, let now): Self.expired(since, now)
    case .wrongPurpose(_, let purpose):
      "is not for clients: \(purpose.text)"
    default: issuersStatement
    }
  }

  private var issuersStatement: String {
    switch self {
    case .notAnAuthority(_, let version):
      version < 3
        ? "is a version \(version) certificate, which cannot be a CA's" : "is not allowed to issue certificates"
    case .pathLengthExceeded:
      "has more CAs below it than it allows (path length)"
    case .nameConstraint(_, let detail):
      "has a name that its issuers' name constraints do not allow (\(detail))"
    case .revoked(_, let since):
      "was revoked\(since.map { " on \(Timestamp(seconds: $0).short)" } ?? "") by its issuer"
    case .revocationListExpired(let issuer, let since):
      "cannot be checked: the revocation list of \(issuer) expired"
        + "\(since.map { " at \(Timestamp(seconds: $0).short)" } ?? ""); import a new one"
    case .revocationListUnusable(let issuer, let detail):
      "cannot be checked: the revocation list of \(issuer) is unusable (\(detail)); import a new one"
    case .unknownCriticalExtension:
      "has an unknown critical extension"
    case .malformed(_, let detail?): "is malformed: \(detail); issue a new one"
    case .malformed(_, nil):
      "has extensions that cannot be read or contradict each other: issue a new one"
    case .ambiguousName(let detail):
      "has an ambiguous name: \(detail)"
    case .other(_, let detail):
      "is not acceptable: \(detail)"
    default: ""
    }
  }

  private static func missing(_ issuer: String, _ namesake: Namesake) -> String {
    switch namesake {
    case .none: "\(issuer) is neither imported here nor sent by the client"
    case .otherKey: "an imported root has the name \(issuer), but another key"
    case .otherIdentifier:
      "an imported root has name and key of \(issuer), but the certificate names another certificate of it by serial number or "
        + "identifier (authority key identifier): issue it again with the present root, without issuer and serial in that extension"
    }
  }

  // A certificate that is not yet valid was usually just issued: the issuer's clock is ahead of this host's.
  private static func notYetValid(_ from: Int64, _ now: Int64) -> String {
    "is not valid for another \(TimeText.span(from - now)) (until \(Timestamp(seconds: from).short)): if it was just issued, this host's "
      + "clock (\(Timestamp(seconds: now).short)) is slow or its issuer's clock is fast; correct that clock"
  }

  private static func expired(_ since: Int64, _ now: Int64) -> String {
    let clock = now - since < 86400 ? ", if this host's clock (\(Timestamp(seconds: now).short)) is right" : ""
    return "expired \(TimeText.span(now - since)) ago (\(Timestamp(seconds: since).short)): issue a new one\(clock)"
  }
}

extension Breach {
  /// The certificate that the text begins with, if it is not the client's own.
  private var link: Link? {
    switch self {
    case .missingIssuer(let link, _, _), .badSignature(let link), .weakKey(let link, _), .unusableKey(let link, _),
      .weakDigest(let link),
      .notYetValid(let link, _, _), .expired(let link, _, _), .wrongPurpose(let link, _), .nameConstraint(let link, _),
      .revoked(let link, _), .unknownCriticalExtension(let link), .malformed(let link, _), .other(let link, _):
      link
    case .selfSigned, .foreignRoot, .chainTooLong, .notAnAuthority, .pathLengthExceeded, .revocationListExpired,
      .revocationListUnusable, .ambiguousName:
      nil
    }
  }
}

extension Breach.Purpose {
  var text: String {
    switch self {
    case .serversOnly: "its extended key usage is server authentication; issue one with client authentication"
    case .otherUses: "its extended key usage lacks client authentication"
    case .noSignatures: "its key usage lacks digital signature"
    case .netscapeType: "its Netscape certificate type (nsCertType) lacks SSL client"
    }
  }
}

extension Link {
  var name: String { "\(subject) (sha256 \(sha256Thumbprint.beginning)…)" }

  /// Empty for the client's own certificate, which begins the line.
  var possessive: String { isClient ? "" : "is not acceptable: its issuer \(name) " }
}
