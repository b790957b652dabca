import CertificateStore
import OpenSSL
import SystemCalls

extension CertificateStore {
  /// Reads the stored private key of a certificate.
  ///
  /// - Throws: `StoreError` if there is no key, if other users can read it, or if it is damaged.
  public func key(of certificate: Certificate) throws(StoreError) -> PrivateKey {
    let file = try openKey(certificate.sha256Thumbprint)
    do {
      let text = try SecretBytes(readingDescriptor: file.raw, limit: StoreLimits.objectBytes)
      if let key = try PrivateKey.first(inPEM: text) { return key }
    } catch {}
    throw damaged(certificate)
  }

  private func damaged(_ certificate: Certificate) -> StoreError {
    .damaged(path: folder, fact: "the private key of \(certificate.subject) is damaged; import it again")
  }
}
