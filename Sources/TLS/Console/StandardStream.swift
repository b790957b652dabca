import Glibc
import SystemCalls
import Wording

/// Standard output or standard error of a program that people call.
public enum StandardStream: String, Sendable {
  case output = "standard output"
  case error = "standard error"

  // Never closed: they are the process's.
  private static let outputDescriptor = FileDescriptor(owning: STDOUT_FILENO)
  private static let errorDescriptor = FileDescriptor(owning: STDERR_FILENO)

  /// Writes all bytes, as they are.
  ///
  /// - Throws: `EPIPE` where the reader has gone, if SIGPIPE is ignored.
  public func write(_ bytes: [UInt8]) throws(SystemError) {
    try (self == .output ? Self.outputDescriptor : Self.errorDescriptor).writeAll(bytes, rawValue)
  }

  /// Writes a line to standard error, after the program's name. If that fails there is nobody to tell.
  public static func complain(_ text: String, _ program: String) {
    try? error.write(Array("\(program): \(printable(text))\n".utf8))
  }
}
