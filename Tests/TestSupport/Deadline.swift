import Glibc

/// Something did not happen in time.
public struct DeadlineMissed: Error, CustomStringConvertible {
  /// What was waited for, and how long.
  public let description: String
}

/// Waits until `condition` holds, asking every few milliseconds. The limit only has to tell late from never: many tests share
/// few processors.
///
/// - Throws: `DeadlineMissed`, or what `condition` throws.
public func wait(
  for what: String, within limit: Duration = .seconds(90), _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let end = clock.now + limit
  while try await !condition() {
    if clock.now > end { throw DeadlineMissed(description: "waited \(limit) in vain for \(what)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}

/// Waits until `value` gives something, asking every few milliseconds; see above for the limit.
///
/// - Throws: `DeadlineMissed`, or what `value` throws.
public func wait<Value>(
  for what: String, within limit: Duration = .seconds(90), _ value: () async throws -> Value?
) async throws -> Value {
  var found: Value?
  try await wait(for: what, within: limit) {
    found = try await value()
    return found != nil
  }
  return found!
}
