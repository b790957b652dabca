import Glibc
import SystemCalls

/// The private key of a requested certificate that has not arrived yet. It is in the store's folder, next to the generations, readable only
/// by its owner; there is at most one.
extension CertificateStore {
  private var requestKeyName: String { "request.key" }

  /// The path of the key, for messages.
  public var requestKeyPath: String { "\(folder)/\(requestKeyName)" }

  /// Opens the key for reading.
  ///
  /// - Returns: the file's descriptor, which the caller owns; `nil` if no request is pending.
  /// - Throws: also if the key belongs to another user or others can read it.
  public func openRequestKey() throws(StoreError) -> FileDescriptor? {
    guard let store = try StorePermissions.openStore(folder) else { return nil }
    let key: FileDescriptor
    do throws(SystemError) { key = try store.open(requestKeyName, O_RDONLY | O_NONBLOCK) } catch {
      if error.code == ENOENT { return nil }
      throw .system(error)
    }
    try StorePermissions.check(key, requestKeyPath, .privateFile)
    return key
  }

  /// Stores `pem`, an unencrypted PKCS#8 key, replacing an earlier one; it is on disk when this returns.
  public func keepRequestKey(_ pem: UnsafeRawBufferPointer) throws {
    try update { _ in try DurableFile.replace(requestKeyPath, with: pem, mode: 0o600) }
  }

  /// Removes the key; it is not an error if there is none.
  public func removeRequestKey() throws {
    try update { _ in
      do throws(SystemError) { try DurableFile.remove(requestKeyPath) } catch  where error.code == ENOENT {}
    }
  }
}
