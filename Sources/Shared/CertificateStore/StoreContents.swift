import Values

/// What the store keeps; each kind has a folder of its own.
public enum StoreKind: String, CaseIterable, Sendable {
  /// Certificates that are no trust anchors: the listener's own, and intermediates.
  case certificates
  /// Private keys, named by the thumbprint of the certificate they belong to. Unencrypted PKCS#8.
  case keys
  /// Self-signed certificates that are trusted.
  case roots
  /// Certificate revocation lists.
  case revocationLists = "crls"
}

/// A public object of the store.
public struct StoredObject: Hashable, Sendable {
  /// SHA-256 of its DER form.
  public let thumbprint: Thumbprint
  /// Its PEM form, as it lies on the disk. The store has not looked into it.
  public let pem: [UInt8]

  public init(thumbprint: Thumbprint, pem: [UInt8]) {
    self.thumbprint = thumbprint
    self.pem = pem
  }
}

/// The whole store at one moment, but for the keys' bytes; each list is ordered by thumbprint.
public struct StoreSnapshot: Equatable, Sendable {
  /// Certificates that are no trust anchors.
  public var certificates: [StoredObject]
  /// The trusted roots.
  public var roots: [StoredObject]
  /// The revocation lists.
  public var revocationLists: [StoredObject]
  /// The certificates whose private key is there too.
  public var keys: Set<Thumbprint>

  /// Empty without any parts.
  public init(
    certificates: [StoredObject] = [], roots: [StoredObject] = [], revocationLists: [StoredObject] = [],
    keys: Set<Thumbprint> = []
  ) {
    self.certificates = certificates
    self.roots = roots
    self.revocationLists = revocationLists
    self.keys = keys
  }

  /// Whether nothing is stored.
  public var isEmpty: Bool { certificates.isEmpty && roots.isEmpty && revocationLists.isEmpty && keys.isEmpty }

  /// Whether an object of that kind and name is there.
  public func contains(_ kind: StoreKind, _ thumbprint: Thumbprint) -> Bool {
    switch kind {
    case .certificates: certificates.contains { $0.thumbprint == thumbprint }
    case .keys: keys.contains(thumbprint)
    case .roots: roots.contains { $0.thumbprint == thumbprint }
    case .revocationLists: revocationLists.contains { $0.thumbprint == thumbprint }
    }
  }
}
