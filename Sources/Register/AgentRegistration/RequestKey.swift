import CertificateImport
import CertificateStore
import OpenSSL
import SystemCalls

/// A request, and its private key.
typealias PendingRequest = (request: CertificateRequest, key: PrivateKey)

/// The requests whose certificates have not arrived.
extension Registration {
  /// Returns the request for these names that was made earlier, or a new one, with the key of an earlier request if there is one. It is
  /// already on disk.
  ///
  /// The request itself is kept, too, because a CA that lets people approve requests may know it by its bytes.
  func pendingRequest(
    _ kind: CertificateStore.RequestKind, commonName: String, names: [AlternativeName]
  ) throws -> PendingRequest {
    let kept = try keptRequest(kind)
    if let kept, let request = kept.request, request.commonNames == [commonName], request.alternativeNames == names {
      return (request, kept.key)
    }
    let key = try kept?.key ?? PrivateKey.generate(.p256)
    let request = try CertificateRequest.make(commonName: commonName, alternativeNames: names, key: key)
    let (secret, open) = (try key.pkcs8PEM(), Array(request.pem.utf8))
    let both = secret.withUnsafeBytes { secret in
      SecretBytes(count: secret.count + open.count) { target in
        target.copyMemory(from: secret)
        UnsafeMutableRawBufferPointer(rebasing: target[secret.count...]).copyBytes(from: open)
      }
    }
    try both.withUnsafeBytes { try store.keepRequestKey($0, kind) }
    return (request, key)
  }

  /// Returns the key that waits for a certificate, if any.
  func keptRequestKey() throws -> PrivateKey? { try keptRequest(.request)?.key }

  private func keptRequest(
    _ kind: CertificateStore.RequestKind
  ) throws -> (request: CertificateRequest?, key: PrivateKey)? {
    guard let file = try store.openRequestKey(kind) else { return nil }
    do {
      let text = try SecretBytes(readingDescriptor: file.raw, limit: StoreLimits.objectBytes)
      if let key = try PrivateKey.first(inPEM: text, limit: 2) {
        let request = try PEMBlock.all(in: text).first { $0.kind == .other }.map { try CertificateRequest(pem: $0) }
        return (request, key)
      }
    } catch {}
    throw StoreError.damaged(
      path: store.requestKeyPath(kind), fact: "is not a private key; remove it and make a new request")
  }

  /// Returns `bundle` with the key that waits for one of its certificates, or unchanged if none does.
  func completed(_ bundle: Bundle) throws -> (bundle: Bundle, isForRequest: Bool) {
    guard bundle.key == nil, bundle.certificates.contains(where: { !$0.isCA }), let key = try keptRequestKey(),
      bundle.certificates.contains(where: { $0.matches(key) })
    else { return (bundle, false) }
    return (Bundle(bundle, with: key), true)
  }
}
