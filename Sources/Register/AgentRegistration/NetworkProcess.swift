import Console
import Glibc
import Sandbox
import SystemCalls
import Wording

/// Runs work that talks to a stranger in a separate process, which can reach the network and nothing else.
///
/// Only its result comes back, and is as trustworthy as the stranger.
struct NetworkProcess {
  /// The maximum size of the result of a renewal, in bytes.
  static let certificates = 65536

  private let limit: Int
  private let process: pid_t
  private let output: FileDescriptor

  /// Starts the process. Call it only in a process with one thread.
  ///
  /// - Parameters:
  ///   - reach: what the process may still reach; it is confined before `body` is called.
  ///   - limit: the maximum size of the result, in bytes.
  ///   - body: the work, on a copy of this process's memory.
  init(reach: Reach, limit: Int = certificates, _ body: () throws -> [UInt8]) throws(SystemError) {
    self.limit = limit
    let theirs: FileDescriptor
    (output, theirs) = try FileDescriptor.pipe()
    process = try forkPatiently()
    if process == 0 { Self.run(reach, body, theirs) }
  }

  private static func run(_ reach: Reach, _ body: () throws -> [UInt8], _ output: FileDescriptor) -> Never {
    // The parent process warns about what this kernel lacks.
    _ = Confinement.renewal(reach).enter()
    let answer: [UInt8]
    do { answer = [UInt8(ExitStatus.success.rawValue)] + (try body()) } catch {
      let told = CommandError(error)
      answer = [UInt8(truncatingIfNeeded: told.status.rawValue)] + told.description.utf8.prefix(certificates - 1)
    }
    try? output.writeAll(answer)
    _exit(EXIT_SUCCESS)
  }

  /// Waits for the process to end.
  ///
  /// - Returns: the result of `body`.
  /// - Throws: what `body` threw, as a `CommandError`.
  func result() throws -> [UInt8] {
    defer { waitpid(process, nil, 0) }
    let answer = try output.readAll(limit: limit, "answer over the network")
    guard let first = answer.first, let status = ExitStatus(rawValue: Int32(first)) else {
      throw CommandError(.software, "the network process ended without a result")
    }
    if status == .success { return Array(answer.dropFirst()) }
    throw CommandError(status, printable(String(decoding: answer.dropFirst(), as: UTF8.self)))
  }
}
