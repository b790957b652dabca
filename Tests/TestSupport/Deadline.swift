import Glibc

/// The error if something did not happen in time.
public struct DeadlineMissed: Error, CustomStringConvertible {
  /// What was awaited, and for how long.
  public let description: String
}

/// Waits until `condition` is true, checking every few milliseconds. The limit only has to distinguish late from never: many tests share
/// few processors.
///
/// A condition that reads the output of programs alone cannot become true once all of them have ended: then the wait ends at once.
///
/// - Throws: `DeadlineMissed`, `ProgramEnded`, or what `condition` throws.
public func wait(
  for what: String, within limit: Duration = .seconds(90), _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let end = clock.now + limit
  var ended: [TestProcess]?
  while true {
    let read = ReadProcesses()
    if try await ReadProcesses.$current.withValue(read, operation: { try await condition() }) { return }
    // Their last output may have come after the condition had read it.
    if let ended { throw ProgramEnded(ended, before: what) }
    if clock.now > end { throw DeadlineMissed(description: "waited \(limit) in vain for \(what)") }
    ended = read.ifAllAreOver
    if ended == nil { try await Task.sleep(for: .milliseconds(5)) }
  }
}

/// Waits until `value` returns something, checking every few milliseconds; see above for the limit.
///
/// - Throws: `DeadlineMissed`, `ProgramEnded`, or what `value` throws.
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
