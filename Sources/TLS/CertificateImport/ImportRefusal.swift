import OpenSSL
import Values

/// Why a file is not imported. The description states expectation, fact and remedy in one line, without the file's name.
public enum ImportRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file is empty.
  case empty
  /// The file is larger than the limit, in bytes.
  case tooLarge(limit: Int)
  /// Neither PEM, PKCS#12, PKCS#7 nor DER.
  case unknownForm
  /// A known format, but damaged.
  case damaged(String)
  /// Only PEM blocks of other kinds; their labels.
  case nothingOfUse([String])
  /// No certificate where one is needed.
  case noCertificate
  /// More than one private key; the lines where they begin.
  case severalKeys(lines: [Int])
  /// A private key without any certificate.
  case keyAlone
  /// The key or container is encrypted and no password was given.
  case passwordNeeded
  /// The password does not decrypt the key or container.
  case wrongPassword
  /// Decrypting the key or container would take too many iterations of password hashing.
  case tooManyRounds(Int64)
  /// The container's integrity is protected by an algorithm that OpenSSL does not have here; its name.
  case unknownProtection(String)
  /// The private key does not match any of the certificates.
  case otherKey(key: String, subject: String, certificate: String)
  /// A listener certificate without its private key.
  case noKey(subject: String)
  /// More than one certificate that is not a CA's.
  case severalLeaves([String])
  /// The key of a certificate authority.
  case authorityKey(subject: String)
  /// Self-signed, but not a certificate authority.
  case selfSignedLeaf(subject: String)
  /// A certificate that issued another but is not a CA's.
  case notAuthority(subject: String, issued: String)
  /// The chain ends before a self-signed root.
  case incompleteChain(subject: String, missing: String)
  /// The chain has more certificates than a client's chain may have.
  case longChain(subject: String, limit: Int)
  /// The certificate has expired.
  case expired(subject: String, since: Timestamp)
  /// The certificate's extended key usage excludes servers.
  case notForServers(subject: String)
  /// TLS cannot use the certificate; OpenSSL's reason.
  case unusable(subject: String, reason: String)
  /// No known CA issued the revocation list.
  case unknownIssuer(issuer: String)
  /// The revocation list itself is unusable.
  case unusableList(issuer: String, reason: String)
  /// The store has a newer list of the same issuer, key and distribution point (empty for none).
  case olderList(issuer: String, scope: String, ListAge, stored: ListAge)

  /// One line.
  public var description: String {
    switch self {
    case .empty: "is empty; export or copy it again"
    case .tooLarge(let limit):
      limit > Bundle.maximumBytes
        ? "is larger than \(limit) bytes, the maximum for a revocation list; let its CA remove expired certificates from the list, or "
          + "divide it by distribution points"
        : "is larger than \(limit) bytes; a certificate bundle is smaller, so this is another file"
    case .unknownForm:
      "is neither PEM, PKCS#12, PKCS#7, a DER certificate nor a DER revocation list; export it again as PEM"
    case .damaged(let fact): fact
    case .nothingOfUse(let labels): Self.nothingOfUse(labels)
    case .noCertificate: "holds no certificate; name the file with the client's certificate and its chain"
    case .severalKeys(let lines):
      "holds \(lines.count) private keys (lines \(lines.map(String.init).joined(separator: ", "))), expected one"
    case .keyAlone: "holds a private key but no certificate; export it again with certificate and chain"
    case .passwordNeeded: "is encrypted; give its password with -q (asks for it) or -P FILE"
    case .wrongPassword: "wrong password; check it and try again"
    case .tooManyRounds(let count):
      "asks for \(count == .max ? "too many" : "\(count)") iterations of password hashing, more than "
        + "\(PasswordRounds.limit); export it again with fewer iterations"
    case .unknownProtection(let algorithm):
      "is a PKCS#12 container protected by \(algorithm), which this host's OpenSSL cannot check; export it again as PEM, or with a MAC "
        + "of SHA-256 (in PKCS#12, not PBMAC1)"
    case .otherKey(let key, let subject, let certificate):
      "private key does not belong to certificate \(subject) (key is \(key), certificate holds \(certificate)); "
        + "export key and certificate together"
    case .noKey(let subject): "listener certificate \(subject) comes without its private key; export it with the key"
    case .severalLeaves(let subjects):
      "holds \(subjects.count) certificates that are not a CA's (\(subjects.joined(separator: "; "))), expected one"
    case .authorityKey(let subject):
      "holds the private key of the certificate authority \(subject), which does not belong on an agent; "
        + "import its certificate alone"
    case .selfSignedLeaf(let subject):
      "\(subject) is self-signed but not a certificate authority; import a certificate issued by a CA"
    case .notAuthority(let subject, let issued):
      "\(subject) is not a certificate authority but issued \(issued); its own certificate must have CA:TRUE"
    case .incompleteChain(let subject, let missing):
      "chain of \(subject) is incomplete: the certificate of its issuer \(missing) is neither in the file nor in the "
        + "store; export it with the complete chain, or import that certificate first"
    case .longChain(let subject, let limit): "chain of \(subject) has more than \(limit) certificates"
    case .expired(let subject, let since): "certificate \(subject) expired at \(since.short); import a renewed one"
    case .notForServers(let subject):
      "certificate \(subject) is not for servers (its extended key usage lacks serverAuth), so it cannot be a "
        + "listener's; is it an executor connector's?"
    case .unusable(let subject, let reason):
      "certificate \(subject) cannot be used: \(reason); issue one with a stronger key, such as RSA 2048 or P-256, "
        + "and SHA-256"
    case .unknownIssuer(let issuer):
      "revocation list of \(issuer): the issuer's certificate is not in the store, or did not sign it; import the right one first"
    case .unusableList(let issuer, let reason):
      "revocation list of \(issuer) cannot be used: \(reason)"
    case .olderList(let issuer, let scope, let age, let stored):
      "revocation list of \(issuer)\(scope.isEmpty ? "" : " for \(scope)") (\(age)) is older than the one in the store (\(stored)): "
        + "import a newer one, or, if the CA restarted its numbers, remove the stored one first"
    }
  }

  private static func nothingOfUse(_ labels: [String]) -> String {
    let expected = "holds no certificate, private key or revocation list"
    guard let label = labels.first else { return expected }
    let hint =
      switch label {
      case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
        "; send the request to the CA and import the certificate that it returns"
      default: ""
      }
    return "\(expected), only \(label.debugDescription)\(hint)"
  }

  init(_ error: PrivateKeyError, line: Int) {
    self =
      switch error {
      case .passwordNeeded: .passwordNeeded
      case .wrongPassword: .wrongPassword
      case .tooManyRounds(let count): .tooManyRounds(count)
      case .unreadable(let error): .damaged("line \(line): private key cannot be read: \(error.reason)")
      }
  }

  init(_ error: PKCS12Error) {
    self =
      switch error {
      case .notPKCS12: .unknownForm
      case .passwordNeeded: .passwordNeeded
      case .wrongPassword: .wrongPassword
      case .tooManyRounds(let count): .tooManyRounds(count)
      case .unknownProtection(let algorithm): .unknownProtection(algorithm)
      case .unreadable(let error): .damaged("PKCS#12 container cannot be read: \(error.reason)")
      }
  }
}
