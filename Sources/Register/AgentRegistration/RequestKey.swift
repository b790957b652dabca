import CertificateImport
import CertificateStore
import OpenSSL
import SystemCalls

/// The private key of a pending request.
extension Registration {
  /// Returns the key of an earlier request whose certificate has not arrived, or a new one, which is already on disk.
  func requestKey() throws -> PrivateKey {
    if let key = try keptRequestKey() { return key }
    let key = try PrivateKey.generate(.p256)
    try key.pkcs8PEM().withUnsafeBytes { try store.keepRequestKey($0) }
    return key
  }

  /// Returns the key that waits for a certificate, if any.
  func keptRequestKey() throws -> PrivateKey? {
    guard let file = try store.openRequestKey() else { return nil }
    do {
      let text = try SecretBytes(readingDescriptor: file.raw, limit: StoreLimits.objectBytes)
      if let key = try PrivateKey.first(inPEM: text, limit: 1) { return key }
    } catch {}
    throw StoreError.damaged(
      path: store.requestKeyPath, fact: "is not a private key; remove it and make a new request")
  }

  /// Returns `bundle` with the key that waits for one of its certificates, or unchanged if none does.
  func completed(_ bundle: Bundle) throws -> (bundle: Bundle, isForRequest: Bool) {
    guard bundle.key == nil, bundle.certificates.contains(where: { !$0.isCA }), let key = try keptRequestKey(),
      bundle.certificates.contains(where: { $0.matches(key) })
    else { return (bundle, false) }
    return (Bundle(bundle, with: key), true)
  }
}
