import Glibc

/// A failed system call: which call, on what, and why, in the words of strerror(3).
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The name of the call as in its manual page, such as `open`.
  public let call: String
  /// The path or other object of the call; `nil` if there is none.
  public let subject: String?
  /// The errno(3) value.
  public let code: Int32

  /// Creates an error with an explicit code.
  public init(_ call: String, _ subject: String? = nil, code: Int32) {
    self.call = call
    self.subject = subject
    self.code = code
  }

  /// Creates an error with the current errno(3); call it right after the failed call.
  public static func last(_ call: String, _ subject: String? = nil) -> SystemError {
    SystemError(call, subject, code: errno)
  }

  /// The text of strerror(3) for the code.
  public var reason: String { String(cString: strerror(code)) }

  /// `SUBJECT: REASON (CALL)`, or `CALL: REASON` without a subject.
  public var description: String {
    if let subject { "\(subject): \(reason) (\(call))" } else { "\(call): \(reason)" }
  }
}

/// Repeats the call while it is interrupted by a signal (EINTR), and throws on any other error.
///
/// - Returns: the result of the call, which is not negative.
@discardableResult
@inlinable
public func checked<Result: SignedInteger>(
  _ call: String, _ subject: @autoclosure () -> String? = nil, _ body: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = body()
    if result >= 0 { return result }
    let code = errno
    if code != EINTR { throw SystemError(call, subject(), code: code) }
  }
}
