import AgentClient
import AgentProtocol
import Glibc
import SystemCalls

/// What a job reads: a file, or this program's standard input.
///
/// A job starts when its input is complete. Standard input is passed on if it is a pipe, a file or a socket, as ssh(1) does; a pipe into
/// which nobody writes must not hold a job up for ever, and must not become an empty input either.
enum StandardInput {
  private static let limit = JobRequest.Limits.inputBytes
  /// The seconds after which a person who waits is told why.
  private static let quiet: Int32 = 2
  /// The seconds after which a pipe without a byte is taken for one into which nobody writes.
  private static let patience: Int32 = 10

  /// Returns the contents of a file; `-` is standard input, to its end.
  ///
  /// - Throws: `AgentError.unusable`.
  static func read(_ path: String) throws -> [UInt8] {
    if path == "-" { return try read(waits: true) }
    do throws(SystemError) {
      return try FileDescriptor.open(path, O_RDONLY).readAll(limit: limit, path)
    } catch { throw unusable(path, error) }
  }

  /// Returns what was piped or redirected to this program; nil if standard input is a terminal, or closed.
  ///
  /// - Throws: `AgentError.unusable`.
  static func piped() throws -> [UInt8]? {
    var status = stat()
    guard fstat(STDIN_FILENO, &status) == 0, isatty(STDIN_FILENO) == 0, status.st_mode & S_IFMT != S_IFDIR,
      fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE != O_WRONLY
    else { return nil }
    return try read(waits: false)
  }

  /// - Parameter waits: whether to wait for the first byte as long as it takes.
  private static func read(waits: Bool) throws -> [UInt8] {
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    do throws(SystemError) {
      while true {
        try awaitBytes(after: contents.count, waits: waits)
        let count = try checked("read", "standard input") { Glibc.read(STDIN_FILENO, &chunk, chunk.count) }
        if count == 0 { return contents }
        contents.append(contentsOf: chunk[..<count])
        if contents.count > limit { throw SystemError("read", "standard input", code: EFBIG) }
      }
    } catch {
      if error.code == ETIMEDOUT {
        throw AgentError.unusable(
          "standard input is open, but nothing has arrived for \(patience) s; nothing was started: "
            + "-n runs the job without it, --stdin - waits for it")
      }
      throw unusable("standard input", error)
    }
  }

  /// Waits for more bytes, or the end.
  ///
  /// - Throws: `ETIMEDOUT` if not even the first byte has arrived in time.
  private static func awaitBytes(after count: Int, waits: Bool) throws(SystemError) {
    if try isReady(within: quiet) { return }
    if isatty(STDERR_FILENO) == 1 { complain("waiting for standard input; with -n the job reads nothing") }
    if try isReady(within: patience - quiet) { return }
    guard waits || count > 0 else { throw SystemError("poll", "standard input", code: ETIMEDOUT) }
    complain("waiting for the end of standard input, \(count) bytes so far: the job starts then")
    _ = try isReady(within: nil)
  }

  private static func isReady(within seconds: Int32?) throws(SystemError) -> Bool {
    var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return try checked("poll", "standard input") { poll(&waiting, 1, seconds.map { $0 * 1000 } ?? -1) } > 0
  }

  private static func unusable(_ path: String, _ error: SystemError) -> AgentError {
    error.code == EFBIG
      ? .unusable("\(path): more than \(limit) bytes, the maximum of a job's input; copy it to the agent's host first")
      : .unusable("\(error)")
  }
}
