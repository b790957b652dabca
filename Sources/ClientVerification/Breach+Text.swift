extension Breach {
  /// How it continues a line that begins with the client's certificate.
  var predicate: String {
    switch self {
    case .selfSigned:
      "is self-signed and no imported root: use one that an imported root issued"
    case .foreignRoot(let root, false):
      "chains to \(root.name), which is not imported here: import that root, or use a certificate of an imported one"
    case .foreignRoot(let root, true):
      "chains to \(root.name), which has the name of an imported root and another key: import this root, too"
    case .missingIssuer(let link, let issuer, let sameName):
      "\(link.possessive)has no known issuer: \(Self.missing(issuer, sameName))"
    case .chainTooLong(let limit):
      "has a chain of more than \(limit) certificates"
    case .badSignature(let link):
      "\(link.possessive)carries a signature that is not its issuer's: damaged, forged, or of a CA with a renewed key"
    case .weakKey(let link, let key):
      "\(link.possessive)has too weak a key (\(key)): RSA 2048, P-256, Ed25519 or better is needed"
    case .weakDigest(let link):
      "\(link.possessive)is signed with too weak a digest: SHA-256 or better is needed"
    case .notYetValid(let link, let from, let now):
      "\(link.possessive)becomes valid only in \(TimeText.span(from - now)) (\(TimeText.moment(from))): check both clocks"
    case .expired(let link, let since, let now):
      "\(link.possessive)expired \(TimeText.span(now - since)) ago (\(TimeText.moment(since))): issue a new one"
    case .wrongPurpose(let link, let purpose):
      "\(link.possessive)is not for clients: \(purpose.text)"
    default: chainPredicate
    }
  }

  private var chainPredicate: String {
    switch self {
    case .notAnAuthority(let link, let version):
      version < 3
        ? "was issued by \(link.name), a version \(version) certificate, which is none of a CA"
        : "was issued by \(link.name), which is not allowed to issue certificates"
    case .pathLengthExceeded(let link):
      "has more CAs in its chain than \(link.name) allows (path length)"
    case .nameConstraint(let link, let detail):
      "\(link.possessive)has a name that its issuers' name constraints do not allow (\(detail))"
    case .revoked(let link, let since):
      "\(link.possessive)was revoked\(since.map { " on \(TimeText.moment($0))" } ?? "") by its issuer"
    case .revocationListExpired(let issuer):
      "cannot be checked: the revocation list of \(issuer) is out of date; import a new one"
    case .revocationListUnusable(let issuer, let detail):
      "cannot be checked: the revocation list of \(issuer) is unusable (\(detail)); import a new one"
    case .unknownCriticalExtension(let link):
      "\(link.possessive)has a critical extension that is not known here"
    case .ambiguousName(let detail):
      "has an ambiguous name: \(detail)"
    case .other(let link, let detail):
      "\(link.possessive)is not acceptable: \(detail)"
    default: ""
    }
  }

  private static func missing(_ issuer: String, _ sameName: Bool) -> String {
    sameName
      ? "an imported root has the name \(issuer), but another key"
      : "\(issuer) is neither imported here nor sent by the client"
  }
}

extension Breach.Purpose {
  var text: String {
    switch self {
    case .serversOnly: "its extended key usage is server authentication; issue one with client authentication"
    case .otherUses: "its extended key usage lacks client authentication"
    case .noSignatures: "its key usage lacks digital signature"
    }
  }
}

extension Link {
  var name: String { "\(subject) (sha256 \(sha256Thumbprint.prefix(16))…)" }

  /// Empty for the client's own certificate, which begins the line.
  var possessive: String { isClient ? "" : "is not acceptable: its issuer \(name) " }
}
