import Glibc
import SystemCalls
import Values

/// The PEM store: certificates, private keys, trusted roots and revocation lists, one file each.
///
/// The store folder (0700) holds generations, `generation-N`, and a symbolic link `current` to the active one. A change creates a whole new
/// generation, with hard links to unchanged files, and then switches the link with rename(2): a change of many files is atomic, and kill -9
/// or a power failure at any moment leaves either the old state or the new. A generation never changes once it is current. The store
/// handles bytes only: nothing here parses a certificate.
public struct CertificateStore: Sendable {
  /// The store's folder, absolute.
  public let folder: String

  /// Creates a store at `folder`. If the folder does not exist, the store is empty and the first change creates it.
  public init(folder: String) {
    self.folder = folder
  }

  /// Reads everything except the keys' bytes, as of one moment, without waiting for writers.
  ///
  /// Refuses a store that belongs to another user or that others can write to.
  public func snapshot() throws(StoreError) -> StoreSnapshot {
    try StoreReader(folder).snapshot()
  }

  /// The name of the current generation, which differs after every change; `nil` before the first change, or if it cannot be read.
  public var generation: String? {
    guard let store = try? StorePermissions.openStore(folder) else { return nil }
    return (try? currentGeneration(in: store)) ?? nil
  }

  /// Opens the private key of the certificate with that thumbprint for reading.
  ///
  /// Refuses a key that belongs to another user or that others can read: the error names the chmod(1) to run.
  /// - Returns: the file's descriptor, close-on-exec, at its beginning; the caller owns it.
  public func openKey(_ certificate: Thumbprint) throws(StoreError) -> FileDescriptor {
    try StoreReader(folder).openKey(certificate)
  }

  /// Changes the store: waits for the writers' lock, lets `body` describe the change, and applies it atomically. It is on disk when this
  /// returns. If `body` throws or changes nothing, the store stays byte for byte as it was.
  ///
  /// Throws `StoreError`, or what `body` throws.
  public func update<Result>(_ body: (inout StoreTransaction) throws -> Result) throws -> Result {
    try StoreWriter(folder).update(body)
  }
}
