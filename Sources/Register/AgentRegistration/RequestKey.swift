import CertificateImport
import CertificateStore
import OpenSSL
import SystemCalls

/// The private key of a request that is under way.
extension Registration {
  /// The key that was made for an earlier request whose certificate has not come, or a new one, which is on the disk by then.
  func requestKey() throws -> PrivateKey {
    if let key = try keptRequestKey() { return key }
    let key = try PrivateKey.generate(.p256)
    try key.pkcs8PEM().withUnsafeBytes { try store.keepRequestKey($0) }
    return key
  }

  /// The key that waits for a certificate, if there is one.
  func keptRequestKey() throws -> PrivateKey? {
    guard let file = try store.openRequestKey() else { return nil }
    do {
      let text = try SecretBytes(readingDescriptor: file.raw, limit: StoreLimits.objectBytes)
      if let key = try PrivateKey.first(inPEM: text, limit: 1) { return key }
    } catch {}
    throw StoreError.damaged(
      path: store.requestKeyPath, fact: "is not a private key; remove it and make a new request")
  }

  /// `bundle` with the key that waits for one of its certificates; as it is where none does.
  func completed(_ bundle: Bundle) throws -> (bundle: Bundle, isForRequest: Bool) {
    guard bundle.key == nil, bundle.certificates.contains(where: { !$0.isCA }), let key = try keptRequestKey(),
      bundle.certificates.contains(where: { $0.matches(key) })
    else { return (bundle, false) }
    return (Bundle(bundle, with: key), true)
  }
}
