import CertificateStore
import OpenSSL
import Values

/// The store's contents, parsed.
public struct StoreCatalog: Sendable {
  /// The certificates that are not roots.
  public let certificates: [Certificate]
  /// The trusted roots.
  public let roots: [Certificate]
  /// The revocation lists.
  public let revocationLists: [RevocationList]
  /// The thumbprints of the certificates whose private key is stored.
  public let keys: Set<Thumbprint>

  /// Parses a snapshot.
  ///
  /// - Parameter folder: the store's folder, for messages.
  /// - Throws: `StoreError.damaged` for a file that does not match its name.
  public init(_ snapshot: StoreSnapshot, folder: String) throws(StoreError) {
    certificates = try snapshot.certificates.map { object throws(StoreError) in
      try Self.certificate(object, .certificates, folder)
    }
    roots = try snapshot.roots.map { object throws(StoreError) in try Self.certificate(object, .roots, folder) }
    revocationLists = try snapshot.revocationLists.map { object throws(StoreError) in
      try Self.revocationList(object, folder)
    }
    keys = snapshot.keys
  }

  /// All certificates, roots included.
  public var all: [Certificate] { certificates + roots }

  private static func certificate(
    _ object: StoredObject, _ kind: StoreKind, _ folder: String
  ) throws(StoreError) -> Certificate {
    let found = try? Certificate.all(inPEM: object.pem)
    guard let found, found.count == 1, found[0].sha256Thumbprint == object.thumbprint else {
      throw damaged(object, kind, folder)
    }
    return found[0]
  }

  private static func revocationList(_ object: StoredObject, _ folder: String) throws(StoreError) -> RevocationList {
    let blocks = try? PEMBlock.all(in: object.pem)
    guard let blocks, blocks.count == 1, let list = try? RevocationList(pem: blocks[0]),
      list.sha256Thumbprint == object.thumbprint
    else { throw damaged(object, .revocationLists, folder) }
    return list
  }

  private static func damaged(_ object: StoredObject, _ kind: StoreKind, _ folder: String) -> StoreError {
    .damaged(
      path: "\(folder)/current/\(kind.rawValue)/\(object.thumbprint).pem",
      fact: "does not match the thumbprint in its name; remove the file and import the original again")
  }
}

extension StoreCatalog {
  /// Returns the chain from a stored certificate to its root, both included.
  ///
  /// - Throws: `ImportRefusal` if the chain ends before a root.
  public func chain(of certificate: Certificate) throws(ImportRefusal) -> [Certificate] {
    try ChainSearch(candidates: all).chain(of: certificate)
  }
}
