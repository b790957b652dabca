import Glibc

/// A system call that failed: which call, on what, and why, in the words of strerror(3).
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The name of the call as in its manual page, for example `open`.
  public let call: String
  /// The path or other object of the call; `nil` where there is none.
  public let subject: String?
  /// The value of errno(3).
  public let code: Int32

  /// An error with an explicit code.
  public init(_ call: String, _ subject: String? = nil, code: Int32) {
    self.call = call
    self.subject = subject
    self.code = code
  }

  /// An error with the present value of errno(3); to be made right after the failed call.
  public static func last(_ call: String, _ subject: String? = nil) -> SystemError {
    SystemError(call, subject, code: errno)
  }

  /// What strerror(3) says of the code.
  public var reason: String { String(cString: strerror(code)) }

  /// `SUBJECT: REASON (CALL)`, or `CALL: REASON` without a subject.
  public var description: String {
    if let subject { "\(subject): \(reason) (\(call))" } else { "\(call): \(reason)" }
  }
}

/// Calls until it is not interrupted by a signal (EINTR), and throws what else goes wrong.
///
/// - Returns: the call's result, which is not negative.
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
