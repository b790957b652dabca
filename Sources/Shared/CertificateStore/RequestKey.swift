import Glibc
import SystemCalls

/// The private key that a certificate was requested for and has not come yet. It lies in the store's folder, beside the
/// generations, readable by its owner alone; there is at most one.
extension CertificateStore {
  private var requestKeyName: String { "request.key" }

  /// Where it lies, for messages.
  public var requestKeyPath: String { "\(folder)/\(requestKeyName)" }

  /// Opens it for reading.
  ///
  /// - Returns: the file's descriptor, which the caller owns; `nil` if no request is under way.
  /// - Throws: also for a key that is not this user's own, or that anybody else can read.
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

  /// Keeps `pem`, an unencrypted PKCS#8 key, in place of an earlier one; it is on the disk when this returns.
  public func keepRequestKey(_ pem: UnsafeRawBufferPointer) throws {
    try update { _ in try DurableFile.replace(requestKeyPath, with: pem, mode: 0o600) }
  }

  /// Takes it away; one that is not there is no error.
  public func removeRequestKey() throws {
    try update { _ in
      do throws(SystemError) { try DurableFile.remove(requestKeyPath) } catch  where error.code == ENOENT {}
    }
  }
}
