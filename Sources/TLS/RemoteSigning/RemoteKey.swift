import COpenSSL
import OpenSSL

/// What OpenSSL knows about a key of this provider: the public half, an EVP_PKEY of another provider, and the signer.
///
/// There is no signer if OpenSSL imported a public key only to compare it.
final class RemoteKey {
  let algorithm: KeyAlgorithm
  private(set) var publicKey: OpaquePointer?
  private(set) var signer: (any RemoteSigner)?

  init(_ algorithm: KeyAlgorithm) {
    self.algorithm = algorithm
  }

  init(_ algorithm: KeyAlgorithm, publicKey: OpaquePointer, signer: any RemoteSigner) {
    EVP_PKEY_up_ref(publicKey)
    self.algorithm = algorithm
    self.publicKey = publicKey
    self.signer = signer
  }

  deinit { EVP_PKEY_free(publicKey) }

  /// Takes over the public key and the signer of `other`.
  func adopt(_ other: RemoteKey) {
    EVP_PKEY_up_ref(other.publicKey)
    EVP_PKEY_free(publicKey)
    publicKey = other.publicKey
    signer = other.signer
  }

  /// Takes over the public key that the parameters describe; EVP_PKEY_fromdata(3).
  func adopt(publicKeyFrom parameters: UnsafePointer<OSSL_PARAM>) -> Bool {
    guard let context = EVP_PKEY_CTX_new_from_name(nil, algorithm.name, "provider!=\(providerName)") else {
      return false
    }
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_fromdata_init(context) == 1,
      // OpenSSL only reads the parameters, although its prototype does not say so.
      EVP_PKEY_fromdata(
        context, &key, cssl_EVP_PKEY_PUBLIC_KEY, UnsafeMutablePointer(mutating: parameters)) == 1
    else { return false }
    EVP_PKEY_free(publicKey)
    publicKey = key
    return true
  }
}

/// The types of keys that this provider can represent.
enum KeyAlgorithm: CaseIterable {
  case rsa, rsaPSS, ec, ed25519

  init?(_ key: OpaquePointer) {
    guard let algorithm = Self.allCases.first(where: { EVP_PKEY_is_a(key, $0.name) == 1 }) else { return nil }
    self = algorithm
  }

  /// The name used to fetch it from OpenSSL.
  var name: String {
    switch self {
    case .rsa: "RSA"
    case .rsaPSS: "RSA-PSS"
    case .ec: "EC"
    case .ed25519: "ED25519"
    }
  }

  /// All names, as listed in provider-keymgmt(7): libssl looks up a key type by several of them.
  var names: StaticString {
    switch self {
    case .rsa: "RSA:rsaEncryption:1.2.840.113549.1.1.1"
    case .rsaPSS: "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10"
    case .ec: "EC:id-ecPublicKey:1.2.840.10045.2.1"
    case .ed25519: "ED25519:1.3.101.112"
    }
  }

  /// Returns the scheme of a signature with such a key; `nil` if TLS does not have it.
  func scheme(digest: String?, usesPSS: Bool) -> SignatureScheme? {
    switch self {
    case .rsa: SignatureScheme(usesPSS ? .rsaPSS : .rsaPKCS1, digest: digest)
    case .rsaPSS: SignatureScheme(.rsaPSS, digest: digest)
    case .ec: SignatureScheme(.ecdsa, digest: digest)
    case .ed25519: .ed25519
    }
  }
}
