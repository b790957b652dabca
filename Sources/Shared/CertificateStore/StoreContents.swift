import Values

/// The kinds of objects in the store; each has its own folder.
public enum StoreKind: String, CaseIterable, Sendable {
  /// Certificates that are not trust anchors: the listener's own, and intermediates.
  case certificates
  /// Private keys, named by the thumbprint of their certificate. Unencrypted PKCS#8.
  case keys
  /// Trusted self-signed certificates.
  case roots
  /// Certificate revocation lists.
  case revocationLists = "crls"
}

/// A public object of the store.
public struct StoredObject: Hashable, Sendable {
  /// The SHA-256 of its DER form.
  public let thumbprint: Thumbprint
  /// Its PEM form, as on disk. The store does not parse it.
  public let pem: [UInt8]

  public init(thumbprint: Thumbprint, pem: [UInt8]) {
    self.thumbprint = thumbprint
    self.pem = pem
  }
}

/// The whole store at one moment, except the keys' bytes; each list is sorted by thumbprint.
public struct StoreSnapshot: Equatable, Sendable {
  /// The certificates that are not trust anchors.
  public var certificates: [StoredObject]
  /// The trusted roots.
  public var roots: [StoredObject]
  /// The revocation lists.
  public var revocationLists: [StoredObject]
  /// The certificates whose private key is also stored.
  public var keys: Set<Thumbprint>

  /// Creates a snapshot, empty by default.
  public init(
    certificates: [StoredObject] = [], roots: [StoredObject] = [], revocationLists: [StoredObject] = [],
    keys: Set<Thumbprint> = []
  ) {
    self.certificates = certificates
    self.roots = roots
    self.revocationLists = revocationLists
    self.keys = keys
  }

  /// Whether the store is empty.
  public var isEmpty: Bool { certificates.isEmpty && roots.isEmpty && revocationLists.isEmpty && keys.isEmpty }

  /// Returns whether the store contains an object of that kind and name.
  public func contains(_ kind: StoreKind, _ thumbprint: Thumbprint) -> Bool {
    switch kind {
    case .certificates: certificates.contains { $0.thumbprint == thumbprint }
    case .keys: keys.contains(thumbprint)
    case .roots: roots.contains { $0.thumbprint == thumbprint }
    case .revocationLists: revocationLists.contains { $0.thumbprint == thumbprint }
    }
  }
}
