import COpenSSL
import OpenSSL

/// The provider's key management functions; provider-keymgmt(7). A `keydata` is a retained `RemoteKey`.
enum KeyManagement {
  /// The parameter with which `PrivateKey.remote` passes the address of a prepared `RemoteKey`.
  static var handleParameter: UnsafePointer<CChar> { constantText("agentd-remote-key") }

  static func table(_ algorithm: KeyAlgorithm) -> UnsafePointer<OSSL_DISPATCH> {
    dispatchTable([
      (OSSL_FUNC_KEYMGMT_NEW, new(algorithm)),
      (OSSL_FUNC_KEYMGMT_FREE, providerFunction(free)),
      (OSSL_FUNC_KEYMGMT_HAS, providerFunction(has)),
      (OSSL_FUNC_KEYMGMT_MATCH, providerFunction(match)),
      (OSSL_FUNC_KEYMGMT_IMPORT, providerFunction(importKey)),
      (OSSL_FUNC_KEYMGMT_IMPORT_TYPES, providerFunction(importTypes)),
      (OSSL_FUNC_KEYMGMT_GET_PARAMS, providerFunction(parameters)),
      (OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, providerFunction(gettableParameters)),
      (OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, providerFunction(operationName)),
    ])
  }

  // A C function cannot capture the algorithm, so each has its own.
  private static func new(_ algorithm: KeyAlgorithm) -> ProviderFunction {
    typealias New = @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
    let new: New =
      switch algorithm {
      case .rsa: { _ in retained(RemoteKey(.rsa)) }
      case .rsaPSS: { _ in retained(RemoteKey(.rsaPSS)) }
      case .ec: { _ in retained(RemoteKey(.ec)) }
      case .ed25519: { _ in retained(RemoteKey(.ed25519)) }
      }
    return providerFunction(new)
  }

  private static let operationName: @convention(c) (Int32) -> UnsafePointer<CChar>? = { _ in
    constantText(SignatureFunctions.name)
  }

  private static let free: @convention(c) (UnsafeMutableRawPointer?) -> Void = { key in
    if let key { Unmanaged<RemoteKey>.fromOpaque(key).release() }
  }

  /// With a signer the private half exists in another process, so every part is present.
  private static let has: @convention(c) (UnsafeRawPointer?, Int32) -> Int32 = { key, selection in
    guard let key = remoteKey(key), key.publicKey != nil else { return 0 }
    return selection & cssl_SELECT_PRIVATE_KEY != 0 && key.signer == nil ? 0 : 1
  }

  private static let match: @convention(c) (UnsafeRawPointer?, UnsafeRawPointer?, Int32) -> Int32 = { left, right, _ in
    guard let left = remoteKey(left)?.publicKey, let right = remoteKey(right)?.publicKey else { return 0 }
    return EVP_PKEY_eq(left, right) == 1 ? 1 : 0
  }

  private static let importKey: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<OSSL_PARAM>?) -> Int32 =
    {
      key, selection, parameters in
      guard let key = remoteKey(key), let parameters else { return 0 }
      if let handle = OSSL_PARAM_locate_const(parameters, handleParameter) {
        var address: UInt = 0
        guard OSSL_PARAM_get_ulong(handle, &address) == 1, let pointer = UnsafeRawPointer(bitPattern: address) else {
          return 0
        }
        key.adopt(Unmanaged<RemoteKey>.fromOpaque(pointer).takeUnretainedValue())
        return 1
      }
      // A foreign private key must not be imported: only public keys come here, for comparison.
      guard selection & cssl_SELECT_PRIVATE_KEY == 0 || OSSL_PARAM_locate_const(parameters, "priv") == nil else {
        return 0
      }
      return key.adopt(publicKeyFrom: parameters) ? 1 : 0
    }

  private static let importTypes: @convention(c) (Int32) -> UnsafePointer<OSSL_PARAM>? = { _ in importable }

  nonisolated(unsafe) private static let importable: UnsafePointer<OSSL_PARAM> = parameterTable([
    OSSL_PARAM_construct_ulong(handleParameter, nil),
    OSSL_PARAM_construct_utf8_string(constantText("group"), nil, 0),
    OSSL_PARAM_construct_octet_string(constantText("pub"), nil, 0),
    OSSL_PARAM_construct_BN(constantText("n"), nil, 0),
    OSSL_PARAM_construct_BN(constantText("e"), nil, 0),
  ])

  private static let parameters: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<OSSL_PARAM>?) -> Int32 =
    {
      key, parameters in
      guard let publicKey = remoteKey(key)?.publicKey else { return 0 }
      return EVP_PKEY_get_params(publicKey, parameters)
    }

  private static let gettableParameters: @convention(c) (UnsafeMutableRawPointer?) -> UnsafePointer<OSSL_PARAM>? = {
    _ in
    gettable
  }

  nonisolated(unsafe) private static let gettable: UnsafePointer<OSSL_PARAM> = parameterTable([
    OSSL_PARAM_construct_int(constantText("bits"), nil),
    OSSL_PARAM_construct_int(constantText("security-bits"), nil),
    OSSL_PARAM_construct_int(constantText("max-size"), nil),
    OSSL_PARAM_construct_utf8_string(constantText("group"), nil, 0),
    OSSL_PARAM_construct_utf8_string(constantText("default-digest"), nil, 0),
    OSSL_PARAM_construct_utf8_string(constantText("mandatory-digest"), nil, 0),
  ])
}

/// Returns the `RemoteKey` of a keydata pointer; OpenSSL keeps its reference.
func remoteKey(_ pointer: UnsafeRawPointer?) -> RemoteKey? {
  pointer.map { Unmanaged<RemoteKey>.fromOpaque($0).takeUnretainedValue() }
}

private func retained(_ key: RemoteKey) -> UnsafeMutableRawPointer {
  Unmanaged.passRetained(key).toOpaque()
}
