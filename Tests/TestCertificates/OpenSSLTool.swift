import Glibc
import SystemCalls

/// A failure of `openssl`.
public struct OpenSSLToolError: Error, CustomStringConvertible {
  /// The command and its output.
  public let description: String
}

/// The `openssl` program, used to create test material and as a second opinion.
public enum OpenSSLTool {
  /// The result of a run.
  public struct Outcome: Sendable {
    /// The exit code; 256 or more for a signal.
    public let status: Int32
    /// Standard output and standard error, in the order written.
    public let text: String
  }

  /// Runs `openssl` with `arguments` to its end, without configuration or environment of the host.
  ///
  /// - Parameter scratch: a writable folder.
  public static func outcome(_ arguments: [String], scratch: String) throws -> Outcome {
    var template = Array("\(scratch)/output.XXXXXX".utf8CString)
    let output = FileDescriptor(owning: try checked("mkstemp", scratch) { mkstemp(&template) })
    let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    defer { unlink(path) }
    var program = Program("openssl", arguments: ["openssl"] + arguments, descriptors: [nil, output, output])
    program.environment = ["PATH=/usr/bin:/bin", "HOME=\(scratch)"]
    let process = try program.start()
    var status: Int32 = 0
    try checked("waitpid") { waitpid(process.processID, &status, 0) }
    lseek(output.raw, 0, SEEK_SET)
    let text = String(decoding: try output.readAll(limit: 1 << 22, path), as: UTF8.self)
    return Outcome(status: status & 0x7f == 0 ? status >> 8 & 0xff : 256 + status, text: text)
  }

  /// Runs `openssl`, which must succeed.
  ///
  /// - Returns: standard output and standard error.
  @discardableResult
  public static func run(_ arguments: [String], scratch: String) throws -> String {
    let outcome = try outcome(arguments, scratch: scratch)
    guard outcome.status == 0 else {
      let command = arguments.joined(separator: " ")
      throw OpenSSLToolError(description: "openssl \(command): status \(outcome.status): \(outcome.text)")
    }
    return outcome.text
  }
}
