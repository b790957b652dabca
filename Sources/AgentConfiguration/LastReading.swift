import Synchronization

/// The last value that was made of a file's contents.
///
/// TOMLKit 0.6 gives back nothing of what it has parsed: a file that says what it said before is not parsed again, or a daemon
/// would grow with every reload.
final class LastReading<Contents: Equatable & Sendable, Value: Sendable>: Sendable {
  private let last = Mutex<(contents: Contents, value: Value)?>(nil)

  /// The value of `contents`, which `make` makes unless they are those of the last time.
  func value(
    of contents: Contents, _ make: () throws(ConfigurationError) -> Value
  ) throws(ConfigurationError) -> Value {
    if let last = last.withLock({ $0 }), last.contents == contents { return last.value }
    let value = try make()
    last.withLock { $0 = (contents, value) }
    return value
  }
}
