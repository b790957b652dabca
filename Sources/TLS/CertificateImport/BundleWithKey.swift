import OpenSSL

extension Bundle {
  /// Copies a bundle and adds a private key from elsewhere: one that never left this host.
  public init(_ bundle: Bundle, with key: PrivateKey) {
    certificates = bundle.certificates
    revocationLists = bundle.revocationLists
    self.key = key
    isKeyUnprotected = false
  }

  /// Creates the bundle of a path, without a key.
  public init(of path: [Certificate]) {
    certificates = path
    revocationLists = []
    key = nil
    isKeyUnprotected = false
  }

  /// Creates a bundle of one revocation list and nothing else.
  public init(of list: RevocationList) {
    certificates = []
    revocationLists = [list]
    key = nil
    isKeyUnprotected = false
  }
}
