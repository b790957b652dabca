import COpenSSL

/// OpenSSL's default provider, loaded in a separate library context; providers with fewer algorithms are built from it; provider(7).
enum StandardProvider {
  nonisolated(unsafe) static let original = OSSL_LIB_CTX_new().flatMap { OSSL_PROVIDER_load($0, "default") }

  /// Implements the init function of a provider whose functions are in `table`.
  static func start(
    _ table: UnsafePointer<OSSL_DISPATCH>, _ functions: UnsafeMutablePointer<UnsafePointer<OSSL_DISPATCH>?>?,
    _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
  ) -> Int32 {
    functions?.pointee = table
    // The algorithms are the original's and need its context.
    context?.pointee = OSSL_PROVIDER_get0_provider_ctx(original)
    return context?.pointee == nil ? 0 : 1
  }

  /// Returns the functions of a provider like the original, except for its algorithms.
  static func table(_ query: @escaping ProviderQuery) -> UnsafePointer<OSSL_DISPATCH> {
    dispatchTable([
      (OSSL_FUNC_PROVIDER_QUERY_OPERATION, providerFunction(query)),
      (OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, providerFunction(gettableParameters)),
      (OSSL_FUNC_PROVIDER_GET_PARAMS, providerFunction(getParameters)),
      (OSSL_FUNC_PROVIDER_GET_CAPABILITIES, providerFunction(getCapabilities)),
    ])
  }

  private static let gettableParameters: @convention(c) (UnsafeMutableRawPointer?) -> UnsafePointer<OSSL_PARAM>? = {
    _ in
    OSSL_PROVIDER_gettable_params(original)
  }

  private static let getParameters:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<OSSL_PARAM>?) -> Int32 =
      { _, parameters in OSSL_PROVIDER_get_params(original, parameters) }

  private static let getCapabilities:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<CChar>?,
      (@convention(c) (UnsafePointer<OSSL_PARAM>?, UnsafeMutableRawPointer?) -> Int32)?, UnsafeMutableRawPointer?
    ) -> Int32 = { _, capability, callback, argument in
      OSSL_PROVIDER_get_capabilities(original, capability, callback, argument)
    }

  /// Returns the original's algorithms of one kind.
  static func algorithms(_ operation: Int32) -> [OSSL_ALGORITHM] {
    var mayNotBeCached: Int32 = 0
    guard var next = OSSL_PROVIDER_query_operation(original, operation, &mayNotBeCached) else { return [] }
    var algorithms: [OSSL_ALGORITHM] = []
    while next.pointee.algorithm_names != nil {
      algorithms.append(next.pointee)
      next += 1
    }
    return algorithms
  }

  /// Returns the original's algorithms of one kind whose first name is in `names`.
  static func algorithms(_ operation: Int32, named names: Set<String>) -> UnsafePointer<OSSL_ALGORITHM> {
    algorithmTable(algorithms(operation).filter { names.contains(firstName($0)) })
  }

  /// Returns the first name of an algorithm, by which OpenSSL refers to it.
  static func firstName(_ algorithm: OSSL_ALGORITHM) -> String {
    String(String(cString: algorithm.algorithm_names).prefix { $0 != ":" })
  }

  /// The names of the active providers in the process's default library context.
  static var namesInUse: Set<String> {
    var names: Set<String> = []
    withUnsafeMutablePointer(to: &names) { names in
      _ = OSSL_PROVIDER_do_all(
        nil,
        { provider, names in
          let name = OSSL_PROVIDER_get0_name(provider).map { String(cString: $0) }
          names?.assumingMemoryBound(to: Set<String>.self).pointee.insert(name ?? "")
          return 1
        }, names)
    }
    return names
  }
}
