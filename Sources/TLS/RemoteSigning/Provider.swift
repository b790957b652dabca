import COpenSSL
import OpenSSL

/// The name of this provider, also used in its algorithms' properties.
let providerName = "agentd-remote-keys"

/// Returns a parameter table that lives as long as the process.
func parameterTable(_ parameters: [OSSL_PARAM]) -> UnsafePointer<OSSL_PARAM> {
  let table = UnsafeMutablePointer<OSSL_PARAM>.allocate(capacity: parameters.count + 1)
  for (index, parameter) in parameters.enumerated() { (table + index).initialize(to: parameter) }
  (table + parameters.count).initialize(to: OSSL_PARAM_construct_end())
  return UnsafePointer(table)
}

/// Returns the text of a literal, which lives as long as the process.
func constantText(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// A built-in OpenSSL provider for private keys whose secret is in another process; provider(7).
enum Provider {
  /// Whether the provider is loaded; loads it once per process.
  static let isLoaded: Bool = {
    // Fetching first registers the standard key types before ours, which need the same names: of two algorithms with one name, OpenSSL uses
    // the one registered first.
    for algorithm in KeyAlgorithm.allCases {
      EVP_PKEY_CTX_free(EVP_PKEY_CTX_new_from_name(nil, algorithm.name, nil))
    }
    guard OSSL_PROVIDER_add_builtin(nil, providerName, start) == 1 else { return false }
    return OSSL_PROVIDER_try_load(nil, providerName, 1) != nil
  }()

  private static let start: ProviderStart = { core, _, functions, context in
    functions?.pointee = table
    // The provider has no context of its own; OpenSSL only requires a non-null pointer.
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
