import COpenSSL
import OpenSSL

/// What OpenSSL knows of a key of this provider: the public half, an EVP_PKEY of another provider, and whom to ask for
/// signatures. It has no signer where OpenSSL brought a public key here to compare it.
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

  /// Becomes the key that `other` is.
  func adopt(_ other: RemoteKey) {
    EVP_PKEY_up_ref(other.publicKey)
    EVP_PKEY_free(publicKey)
    publicKey = other.publicKey
    signer = other.signer
  }

  /// Becomes the public key that the parameters describe; EVP_PKEY_fromdata(3).
  func adopt(publicKeyFrom parameters: UnsafePointer<OSSL_PARAM>) -> Bool {
    guard let context = EVP_PKEY_CTX_new_from_name(nil, algorithm.name, "provider!=\(providerName)") else {
      return false
    }
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_fromdata_init(context) == 1,
      // OpenSSL reads the parameters only, though its prototype does not say so.
      EVP_PKEY_fromdata(
        context, &key, cssl_EVP_PKEY_PUBLIC_KEY, UnsafeMutablePointer(mutating: parameters)) == 1
    else { return false }
    EVP_PKEY_free(publicKey)
    publicKey = key
    return true
  }
}

/// The kinds of keys that this provider stands in for.
enum KeyAlgorithm: CaseIterable {
  case rsa, rsaPSS, ec, ed25519

  init?(_ key: OpaquePointer) {
    guard let algorithm = Self.allCases.first(where: { EVP_PKEY_is_a(key, $0.name) == 1 }) else { return nil }
    self = algorithm
  }

  /// The name by which OpenSSL is asked for it.
  var name: String {
    switch self {
    case .rsa: "RSA"
    case .rsaPSS: "RSA-PSS"
    case .ec: "EC"
    case .ed25519: "ED25519"
    }
  }

  /// All names, as provider-keymgmt(7) lists them: libssl looks a key's kind up by several of them.
  var names: StaticString {
    switch self {
    case .rsa: "RSA:rsaEncryption:1.2.840.113549.1.1.1"
    case .rsaPSS: "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10"
    case .ec: "EC:id-ecPublicKey:1.2.840.10045.2.1"
    case .ed25519: "ED25519:1.3.101.112"
    }
  }

  /// The scheme of a signature by such a key; `nil` for one that TLS does not have.
  func scheme(digest: String?, usesPSS: Bool) -> SignatureScheme? {
    switch self {
    case .rsa: SignatureScheme(usesPSS ? .rsaPSS : .rsaPKCS1, digest: digest)
    case .rsaPSS: SignatureScheme(.rsaPSS, digest: digest)
    case .ec: SignatureScheme(.ecdsa, digest: digest)
    case .ed25519: .ed25519
    }
  }
}
