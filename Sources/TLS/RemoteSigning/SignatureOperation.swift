import COpenSSL
import OpenSSL

/// A signature in progress: the key, and the parameters that libssl has chosen.
final class SignatureOperation {
  var key: RemoteKey?
  var digest: String?
  var usesPSS = false

  var scheme: SignatureScheme? { key?.algorithm.scheme(digest: digest, usesPSS: usesPSS) }
}

/// The provider's signature functions; provider-signature(7). Only one-shot signing is implemented, because libssl uses nothing else.
enum SignatureFunctions {
  /// The name for all types of keys.
  ///
  /// It must not be one of OpenSSL's names: the order in which OpenSSL searches its providers depends on earlier fetches, so signatures
  /// with other keys might be made and verified here.
  static let name: StaticString = "agentd-remote-signature"

  static func table() -> UnsafePointer<OSSL_DISPATCH> {
    dispatchTable([
      (OSSL_FUNC_SIGNATURE_NEWCTX, providerFunction(new)),
      (OSSL_FUNC_SIGNATURE_FREECTX, providerFunction(free)),
      (OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, providerFunction(begin)),
      (OSSL_FUNC_SIGNATURE_DIGEST_SIGN, providerFunction(sign)),
      (OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, providerFunction(setParameters)),
      (OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, providerFunction(settableParameters)),
    ])
  }

  private static let new: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> UnsafeMutableRawPointer? =
    { _, _ in
      Unmanaged.passRetained(SignatureOperation()).toOpaque()
    }

  private static let free: @convention(c) (UnsafeMutableRawPointer?) -> Void = { operation in
    if let operation { Unmanaged<SignatureOperation>.fromOpaque(operation).release() }
  }

  private static let begin:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<CChar>?, UnsafeMutableRawPointer?, UnsafePointer<OSSL_PARAM>?
    ) -> Int32 = { operation, digest, key, parameters in
      guard let operation = signatureOperation(operation), let key = remoteKey(key), key.signer != nil else { return 0 }
      operation.key = key
      operation.digest = digest.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
      return apply(parameters, to: operation)
    }

  private static let sign:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>?, Int, UnsafePointer<UInt8>?,
      Int
    ) -> Int32 = { operation, signature, length, capacity, message, count in
      guard let operation = signatureOperation(operation), let key = operation.key, let length else { return 0 }
      guard let signature else {
        length.pointee = Int(EVP_PKEY_get_size(key.publicKey))
        return 1
      }
      guard let scheme = operation.scheme,
        let bytes = key.signer?.sign(UnsafeRawBufferPointer(start: message, count: count), scheme),
        !bytes.isEmpty, bytes.count <= capacity
      else { return 0 }
      signature.update(from: bytes, count: bytes.count)
      length.pointee = bytes.count
      return 1
    }

  private static let setParameters: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<OSSL_PARAM>?) -> Int32 = {
    operation, parameters in
    signatureOperation(operation).map { apply(parameters, to: $0) } ?? 0
  }

  private static let settableParameters:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> UnsafePointer<OSSL_PARAM>? = { _, _ in
      settable
    }

  nonisolated(unsafe) private static let settable: UnsafePointer<OSSL_PARAM> = parameterTable([
    OSSL_PARAM_construct_utf8_string(constantText("pad-mode"), nil, 0),
    OSSL_PARAM_construct_utf8_string(constantText("saltlen"), nil, 0),
    OSSL_PARAM_construct_utf8_string(constantText("digest"), nil, 0),
  ])

  /// Applies the padding that libssl sets. The salt is always as long as the digest, as TLS requires and libssl requests.
  private static func apply(_ parameters: UnsafePointer<OSSL_PARAM>?, to operation: SignatureOperation) -> Int32 {
    guard let parameters, let padding = OSSL_PARAM_locate_const(parameters, "pad-mode") else { return 1 }
    var mode: Int32 = 0
    if OSSL_PARAM_get_int(padding, &mode) == 1 {
      operation.usesPSS = mode == RSA_PKCS1_PSS_PADDING
      return mode == RSA_PKCS1_PSS_PADDING || mode == RSA_PKCS1_PADDING ? 1 : 0
    }
    var text: UnsafePointer<CChar>?
    guard OSSL_PARAM_get_utf8_string_ptr(padding, &text) == 1, let text else { return 0 }
    operation.usesPSS = String(cString: text) == "pss"
    return 1
  }
}

private func signatureOperation(_ pointer: UnsafeMutableRawPointer?) -> SignatureOperation? {
  pointer.map { Unmanaged<SignatureOperation>.fromOpaque($0).takeUnretainedValue() }
}
