import Glibc
import SystemCalls
import Values

/// The PEM store: certificates, private keys, trusted roots and revocation lists, one file each.
///
/// The store folder (0700) holds generations, `generation-N`, and a symbolic link `current` to the one that counts.
/// A change makes a whole new generation, of hard links where nothing changed, and then swaps the link by rename(2):
/// a change of many files is one change, and kill -9 or a power cut at any moment leaves the old state or the new.
/// A generation is never changed after it became current. Bytes in, bytes out: nothing here parses a certificate.
public struct CertificateStore: Sendable {
  /// The store's folder, absolute.
  public let folder: String

  /// The store at `folder`, which need not exist: it is then empty, and the first change makes it.
  public init(folder: String) {
    self.folder = folder
  }

  /// Reads everything but the keys' bytes, at one moment, without waiting for writers.
  ///
  /// Refuses a store of another user, and one that others can write to.
  public func snapshot() throws(StoreError) -> StoreSnapshot {
    try StoreReader(folder).snapshot()
  }

  /// Opens the private key of the certificate with that thumbprint for reading.
  ///
  /// Refuses a key that is not this user's own, or that anybody else can read: the message names the chmod(1).
  /// - Returns: the file's descriptor, close-on-exec, at its beginning; the caller owns it.
  public func openKey(_ certificate: Thumbprint) throws(StoreError) -> FileDescriptor {
    try StoreReader(folder).openKey(certificate)
  }

  /// Changes the store: waits for the writers' lock, lets `body` say what to change, and does that as one change, which
  /// is on the disk when this returns. A body that throws, or changes nothing, leaves the store byte for byte as it was.
  ///
  /// Throws `StoreError`, or what `body` throws.
  public func update<Result>(_ body: (inout StoreTransaction) throws -> Result) throws -> Result {
    try StoreWriter(folder).update(body)
  }
}
