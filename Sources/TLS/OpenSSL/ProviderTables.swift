import COpenSSL

/// Any function, in the type of OSSL_DISPATCH.
package typealias ProviderFunction = @convention(c) () -> Void

/// Erases the type of a C function, which OpenSSL identifies by its number.
package func providerFunction<Signature>(_ function: Signature) -> ProviderFunction {
  unsafeBitCast(function, to: ProviderFunction.self)
}

/// Returns a table of functions that lives as long as the process.
package func dispatchTable(
  _ functions: [(number: Int32, function: ProviderFunction)]
) -> UnsafePointer<OSSL_DISPATCH> {
  let table = UnsafeMutablePointer<OSSL_DISPATCH>.allocate(capacity: functions.count + 1)
  for (index, entry) in functions.enumerated() {
    (table + index).initialize(to: OSSL_DISPATCH(function_id: entry.number, function: entry.function))
  }
  (table + functions.count).initialize(to: OSSL_DISPATCH(function_id: 0, function: nil))
  return UnsafePointer(table)
}

/// Returns a table of algorithms that lives as long as the process.
package func algorithmTable(_ algorithms: [OSSL_ALGORITHM]) -> UnsafePointer<OSSL_ALGORITHM> {
  let table = UnsafeMutablePointer<OSSL_ALGORITHM>.allocate(capacity: algorithms.count + 1)
  for (index, algorithm) in algorithms.enumerated() { (table + index).initialize(to: algorithm) }
  (table + algorithms.count).initialize(
    to: OSSL_ALGORITHM(
      algorithm_names: nil, property_definition: nil, implementation: nil, algorithm_description: nil))
  return UnsafePointer(table)
}

/// The type of a provider's init function, OSSL_PROVIDER_add_builtin(3).
package typealias ProviderStart =
  @convention(c) (
    OpaquePointer?, UnsafePointer<OSSL_DISPATCH>?, UnsafeMutablePointer<UnsafePointer<OSSL_DISPATCH>?>?,
    UnsafeMutablePointer<UnsafeMutableRawPointer?>?
  ) -> Int32

/// The type of a provider's function that returns its algorithms, provider-base(7).
package typealias ProviderQuery =
  @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafeMutablePointer<Int32>?) -> UnsafePointer<OSSL_ALGORITHM>?
