import CLinux
import Console
import Glibc
import Sandbox
import SystemCalls
import Wording

/// Work that speaks with a stranger, done in a process of its own that can reach the network and nothing else. Only its result comes
/// back, and is as trustworthy as the stranger.
struct NetworkProcess {
  /// The most bytes of a result.
  private static let limit = 65536

  private let process: pid_t
  private let output: FileDescriptor

  /// Starts it. For a process with one thread.
  ///
  /// - Parameters:
  ///   - reach: what it keeps; it is confined before `body` is called.
  ///   - body: what it does, on a copy of this process's memory.
  init(reach: Reach, _ body: () throws -> [UInt8]) throws(SystemError) {
    let theirs: FileDescriptor
    (output, theirs) = try FileDescriptor.pipe()
    process = try checked("fork") { clinux_fork() }
    if process == 0 { Self.run(reach, body, theirs) }
  }

  private static func run(_ reach: Reach, _ body: () throws -> [UInt8], _ output: FileDescriptor) -> Never {
    // What this kernel lacks the process warns of that started it.
    _ = Confinement.renewal(reach).enter()
    let answer: [UInt8]
    do { answer = [UInt8(ExitStatus.success.rawValue)] + (try body()) } catch {
      let told = CommandError(error)
      answer = [UInt8(truncatingIfNeeded: told.status.rawValue)] + told.description.utf8.prefix(limit - 1)
    }
    try? output.writeAll(answer)
    _exit(EXIT_SUCCESS)
  }

  /// Waits for its end.
  ///
  /// - Returns: what `body` returned.
  /// - Throws: what `body` threw, as a `CommandError`.
  func result() throws -> [UInt8] {
    defer { waitpid(process, nil, 0) }
    let answer = try output.readAll(limit: Self.limit, "answer over the network")
    guard let first = answer.first, let status = ExitStatus(rawValue: Int32(first)) else {
      throw CommandError(.software, "the network process ended without a result")
    }
    if status == .success { return Array(answer.dropFirst()) }
    throw CommandError(status, printable(String(decoding: answer.dropFirst(), as: UTF8.self)))
  }
}
