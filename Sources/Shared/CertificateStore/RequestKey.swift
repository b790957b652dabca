import Glibc
import SystemCalls

/// The private keys of requested certificates that have not arrived yet. They are in the store's folder, next to the generations, readable
/// only by its owner; there is at most one of each kind.
extension CertificateStore {
  /// The kinds of requests that may be pending.
  public enum RequestKind: String, CaseIterable, Sendable {
    /// A request for a certificate that a person imports, or that an enrolment service issues for a code.
    case request
    /// A request to renew the listener's certificate.
    case renewal
  }

  private func name(_ kind: RequestKind) -> String { "\(kind.rawValue).key" }

  /// Returns the path of the key, for messages.
  public func requestKeyPath(_ kind: RequestKind = .request) -> String { "\(folder)/\(name(kind))" }

  /// Opens the key for reading.
  ///
  /// - Returns: the file's descriptor, which the caller owns; `nil` if no request is pending.
  /// - Throws: also if the key belongs to another user or others can read it.
  public func openRequestKey(_ kind: RequestKind = .request) throws(StoreError) -> FileDescriptor? {
    guard let store = try StorePermissions.openStore(folder) else { return nil }
    let key: FileDescriptor
    do throws(SystemError) { key = try store.open(name(kind), O_RDONLY | O_NONBLOCK) } catch {
      if error.code == ENOENT { return nil }
      throw .system(error)
    }
    try StorePermissions.check(key, requestKeyPath(kind), .privateFile)
    return key
  }

  /// Stores `pem`, an unencrypted PKCS#8 key and what was requested for it, replacing an earlier one; it is on disk when this returns.
  public func keepRequestKey(_ pem: UnsafeRawBufferPointer, _ kind: RequestKind = .request) throws {
    try update { _ in try DurableFile.replace(requestKeyPath(kind), with: pem, mode: 0o600) }
  }

  /// Removes the key; it is not an error if there is none.
  public func removeRequestKey(_ kind: RequestKind = .request) throws {
    try update { _ in
      do throws(SystemError) { try DurableFile.remove(requestKeyPath(kind)) } catch  where error.code == ENOENT {}
    }
  }
}
