import COpenSSL
import OpenSSL

/// The name of this provider, and in its algorithms' properties.
let providerName = "agentd-remote-keys"

/// A table of parameters that lives as long as the process.
func parameterTable(_ parameters: [OSSL_PARAM]) -> UnsafePointer<OSSL_PARAM> {
  let table = UnsafeMutablePointer<OSSL_PARAM>.allocate(capacity: parameters.count + 1)
  for (index, parameter) in parameters.enumerated() { (table + index).initialize(to: parameter) }
  (table + parameters.count).initialize(to: OSSL_PARAM_construct_end())
  return UnsafePointer(table)
}

/// The text of a literal, which lives as long as the process.
func constantText(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// An OpenSSL provider, built in, of private keys whose secret is in another process; provider(7).
enum Provider {
  /// Loads the provider once for the process.
  static let isLoaded: Bool = {
    // A first fetch puts the standard kinds of keys in place before ours, which have to have their names: of two algorithms with
    // one name OpenSSL takes the one that came first.
    for algorithm in KeyAlgorithm.allCases {
      EVP_PKEY_CTX_free(EVP_PKEY_CTX_new_from_name(nil, algorithm.name, nil))
    }
    guard OSSL_PROVIDER_add_builtin(nil, providerName, start) == 1 else { return false }
    return OSSL_PROVIDER_try_load(nil, providerName, 1) != nil
  }()

  private static let start: ProviderStart = { core, _, functions, context in
    functions?.pointee = table
    // Nothing is kept for the provider as a whole; OpenSSL only wants something that is not null.
    context?.pointee = UnsafeMutableRawPointer(core)
    return 1
  }

  nonisolated(unsafe) private static let table = dispatchTable([
    (OSSL_FUNC_PROVIDER_QUERY_OPERATION, providerFunction(query))
  ])

  private static let query: ProviderQuery = { _, operation, mayNotBeCached in
    mayNotBeCached?.pointee = 0
    return switch operation {
    case OSSL_OP_KEYMGMT: keyManagement
    case OSSL_OP_SIGNATURE: signatures
    default: nil
    }
  }

  nonisolated(unsafe) private static let keyManagement = algorithmTable(
    KeyAlgorithm.allCases.map { ($0.names, KeyManagement.table($0)) })

  nonisolated(unsafe) private static let signatures = algorithmTable([
    (SignatureFunctions.name, SignatureFunctions.table())
  ])

  private static func algorithmTable(
    _ algorithms: [(names: StaticString, functions: UnsafePointer<OSSL_DISPATCH>)]
  ) -> UnsafePointer<OSSL_ALGORITHM> {
    let properties = constantText("provider=agentd-remote-keys")
    return OpenSSL.algorithmTable(
      algorithms.map {
        OSSL_ALGORITHM(
          algorithm_names: constantText($0.names), property_definition: properties, implementation: $0.functions,
          algorithm_description: nil)
      })
  }
}
