import OpenSSL

extension Bundle {
  /// The same with a private key that lies elsewhere: one that never left this host.
  public init(_ bundle: Bundle, with key: PrivateKey) {
    certificates = bundle.certificates
    revocationLists = bundle.revocationLists
    self.key = key
    isKeyUnprotected = false
  }
}
