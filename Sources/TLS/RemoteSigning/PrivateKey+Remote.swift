import COpenSSL
import OpenSSL

extension PrivateKey {
  /// Returns a stand-in for the key of `certificate`, whose private half `signer` has. TLS can use it, but it contains no secret.
  ///
  /// - Throws: for types of keys other than RSA, RSA-PSS, elliptic curve and Ed25519.
  public static func remote(
    of certificate: Certificate, signer: any RemoteSigner
  ) throws(OpenSSLError) -> PrivateKey {
    guard Provider.isLoaded, let publicKey = X509_get0_pubkey(certificate.pointer),
      let algorithm = KeyAlgorithm(publicKey)
    else { throw OpenSSLError.own("use the signer's private key", "this type of key is not supported") }
    let prepared = RemoteKey(algorithm, publicKey: publicKey, signer: signer)
    guard let key = make(prepared) else { throw OpenSSLError.take("use the signer's private key") }
    return PrivateKey(owning: key)
  }

  private static func make(_ prepared: RemoteKey) -> OpaquePointer? {
    guard let context = EVP_PKEY_CTX_new_from_name(nil, prepared.algorithm.name, "provider=\(providerName)") else {
      return nil
    }
    defer { EVP_PKEY_CTX_free(context) }
    var address = UInt(bitPattern: Unmanaged.passUnretained(prepared).toOpaque())
    var key: OpaquePointer?
    return withExtendedLifetime(prepared) {
      guard EVP_PKEY_fromdata_init(context) == 1 else { return nil }
      return withUnsafeMutablePointer(to: &address) { address in
        var parameters = [
          OSSL_PARAM_construct_ulong(KeyManagement.handleParameter, address), OSSL_PARAM_construct_end(),
        ]
        return EVP_PKEY_fromdata(context, &key, cssl_EVP_PKEY_KEYPAIR, &parameters) == 1 ? key : nil
      }
    }
  }
}
