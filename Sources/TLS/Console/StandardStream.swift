import Glibc
import SystemCalls
import Wording

/// Standard output or standard error of a user command.
public enum StandardStream: String, Sendable {
  case output = "standard output"
  case error = "standard error"

  // Never closed: they belong to the process.
  private static let outputDescriptor = FileDescriptor(owning: STDOUT_FILENO)
  private static let errorDescriptor = FileDescriptor(owning: STDERR_FILENO)

  /// Writes all bytes unchanged.
  ///
  /// - Throws: `EPIPE` if the reader is gone and SIGPIPE is ignored.
  public func write(_ bytes: [UInt8]) throws(SystemError) {
    try (self == .output ? Self.outputDescriptor : Self.errorDescriptor).writeAll(bytes, rawValue)
  }

  /// Writes a line to standard error, after the program's name. Ignores failure: there is nobody to report it to.
  public static func complain(_ text: String, _ program: String) {
    try? error.write(Array("\(program): \(printable(text))\n".utf8))
  }
}
