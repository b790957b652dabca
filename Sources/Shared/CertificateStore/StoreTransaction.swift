import SystemCalls
import Values

/// Changes to the store that are applied atomically.
public struct StoreTransaction {
  /// The store when the writers' lock was taken, without the changes.
  public let before: StoreSnapshot

  enum Body {
    case plain([UInt8])
    case secret(SecretBytes)

    var count: Int {
      switch self {
      case .plain(let bytes): bytes.count
      case .secret(let key): key.count
      }
    }

    func write(to file: FileDescriptor, _ path: String) throws(SystemError) {
      switch self {
      case .plain(let bytes): try file.writeAll(bytes, path)
      case .secret(let key):
        try key.withUnsafeBytes { bytes throws(SystemError) in try file.writeAll(bytes, path) }
      }
    }
  }

  struct Name: Hashable {
    let kind: StoreKind
    let thumbprint: Thumbprint
  }

  private(set) var additions: [Name: Body] = [:]
  private(set) var removals: Set<Name> = []

  init(before: StoreSnapshot) {
    self.before = before
  }

  /// Whether there are no changes.
  public var isEmpty: Bool { additions.isEmpty && removals.isEmpty }

  /// Adds a public object to the certificates, roots or revocation lists. An existing object stays as it is.
  public mutating func add(_ object: StoredObject, to kind: StoreKind) {
    insert(Name(kind: kind, thumbprint: object.thumbprint), .plain(object.pem))
  }

  /// Adds the private key, unencrypted PKCS#8 in PEM, of the certificate with that thumbprint. An existing key stays as it is. The bytes
  /// are copied, and the copy is wiped after the change.
  public mutating func addKey(_ pem: UnsafeRawBufferPointer, of certificate: Thumbprint) {
    insert(Name(kind: .keys, thumbprint: certificate), .secret(SecretBytes(copying: pem)))
  }

  /// Removes an object; it is not an error if it does not exist.
  public mutating func remove(_ kind: StoreKind, _ thumbprint: Thumbprint) {
    let name = Name(kind: kind, thumbprint: thumbprint)
    additions[name] = nil
    if before.contains(kind, thumbprint) { removals.insert(name) }
  }

  private mutating func insert(_ name: Name, _ body: Body) {
    removals.remove(name)
    if !before.contains(name.kind, name.thumbprint) { additions[name] = body }
  }
}
