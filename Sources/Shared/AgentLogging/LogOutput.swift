import Glibc
import Synchronization
import SystemCalls

/// The destination of log lines. A pipe, terminal or journal that nobody reads delays the writer by at most `patience` per `interval`.
/// Lines for which there is no room are dropped, and a later line reports how many.
final class LogOutput: Sendable {
  /// How long a line may wait, in milliseconds: long enough for a reader that is alive and merely busy.
  private static let patience: Int32 = 50
  /// The minimum time between two such waits that fail; without it, thousands of lines would stall the process.
  private static let interval = Duration.seconds(1)

  private let descriptor: FileDescriptor
  private let kind: Kind
  private let state = Mutex(State())

  private struct State {
    /// The rest of a line that was partly written.
    var rest: [UInt8] = []
    /// The number of dropped lines not yet reported.
    var lost = 0
    var nextWait = ContinuousClock.now
  }

  private enum Kind {
    case socket
    /// A pipe or terminal with a blocking open file description that other processes may share, so its flags must stay as they are.
    case shared
    /// A file that does not block, or only for the disk.
    case other
  }

  init(to descriptor: FileDescriptor) {
    self.descriptor = descriptor
    kind = Self.kind(of: descriptor.raw)
  }

  private static func kind(of raw: Int32) -> Kind {
    var status = stat()
    guard fstat(raw, &status) == 0 else { return .other }
    if status.st_mode & S_IFMT == S_IFSOCK { return .socket }
    let mayBlock = status.st_mode & S_IFMT == S_IFIFO || isatty(raw) == 1
    return mayBlock && fcntl(raw, F_GETFL) & O_NONBLOCK == 0 ? .shared : .other
  }

  /// Gives descriptor 2, if it is a pipe or a terminal, its own non-blocking open file description, for this process and those that inherit
  /// it. The one inherited from the parent stays as it is: a shell does not expect its terminal to become non-blocking. If that is not
  /// possible (a pipe of another user), each write is preceded by a check for room.
  static func unshareStandardError() {
    guard kind(of: STDERR_FILENO) == .shared else { return }
    let own = open("/proc/self/fd/\(STDERR_FILENO)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard own >= 0 else { return }
    dup2(own, STDERR_FILENO)
    close(own)
  }

  /// Writes `line`, or drops it and counts it.
  ///
  /// - Parameter loss: returns the line that reports the given number of dropped lines.
  func write(_ line: [UInt8], loss: (Int) -> [UInt8]) {
    state.withLock { state in
      let rest = state.rest
      state.rest = []
      if !rest.isEmpty, !put(rest, &state) { state.rest = rest }
      if state.rest.isEmpty, state.lost > 0, put(loss(state.lost), &state) { state.lost = 0 }
      if !state.rest.isEmpty || state.lost > 0 || !put(line, &state) { state.lost += 1 }
    }
  }

  /// Writes as much of a line as there is room for and keeps the rest; returns false if nothing was written.
  private func put(_ line: [UInt8], _ state: inout State) -> Bool {
    let written = line.withUnsafeBytes { line in
      var written = 0
      while written < line.count {
        let count = attempt(UnsafeRawBufferPointer(rebasing: line[written...]))
        if count > 0 { written += count } else if count == 0 || !mayTryAgain(errno, &state) { break }
      }
      return written
    }
    if written > 0 { state.rest = Array(line[written...]) }
    return written > 0
  }

  /// Calls write(2) without waiting for a reader.
  private func attempt(_ bytes: UnsafeRawBufferPointer) -> Int {
    let raw = descriptor.raw
    switch kind {
    case .socket: return send(raw, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    case .shared where !hasRoom(within: 0):
      errno = EAGAIN
      return -1
    // A writable pipe has room for at least this much; pipe(7).
    case .shared: return Glibc.write(raw, bytes.baseAddress, min(bytes.count, Int(PIPE_BUF)))
    case .other: return Glibc.write(raw, bytes.baseAddress, bytes.count)
    }
  }

  private func mayTryAgain(_ code: Int32, _ state: inout State) -> Bool {
    if code == EINTR { return true }
    guard code == EAGAIN, state.nextWait <= .now else { return false }
    if hasRoom(within: Self.patience) { return true }
    state.nextWait = .now + Self.interval
    return false
  }

  private func hasRoom(within milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor.raw, events: Int16(POLLOUT), revents: 0)
    return poll(&waiting, 1, milliseconds) > 0
  }
}
