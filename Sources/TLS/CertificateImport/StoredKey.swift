import CertificateStore
import OpenSSL
import SystemCalls

extension CertificateStore {
  /// The private key that is stored for a certificate.
  ///
  /// - Throws: `StoreError`: there is none, others can read it, or it is damaged.
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
