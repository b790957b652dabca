import Glibc
import Synchronization
import SystemCalls

/// Where lines go, whoever reads them: a pipe, a terminal or a journal that nobody reads holds up nobody for longer than
/// `patience` in each `interval`. Lines for which there is no room then are lost, and their number is said when there is.
final class LogOutput: Sendable {
  /// How long a line may wait, in milliseconds: long enough for a reader that is there, and only has much to read.
  private static let patience: Int32 = 50
  /// From one such wait that was in vain to the next: with thousands of lines, all would stand still otherwise.
  private static let interval = Duration.seconds(1)

  private let descriptor: FileDescriptor
  private let kind: Kind
  private let state = Mutex(State())

  private struct State {
    /// The rest of a line of which a part is written.
    var rest: [UInt8] = []
    /// Lines that are lost and of which nothing is said yet.
    var lost = 0
    var nextWait = ContinuousClock.now
  }

  private enum Kind {
    case socket
    /// A pipe or terminal whose open file description would block, and others with it if that were changed.
    case shared
    /// What does not block, or only for the disk.
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

  /// Gives descriptor 2, if it is a pipe or a terminal, an open file description of its own that does not block, for this process
  /// and those that inherit it. That of whoever started us stays as it is: a shell does not expect that its terminal stops
  /// blocking. Where this cannot be had (a pipe of another user's), room is asked for before each write.
  static func unshareStandardError() {
    guard kind(of: STDERR_FILENO) == .shared else { return }
    let own = open("/proc/self/fd/\(STDERR_FILENO)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard own >= 0 else { return }
    dup2(own, STDERR_FILENO)
    close(own)
  }

  /// Writes `line`, or counts it as lost.
  ///
  /// - Parameter loss: the line that tells of so many lost ones.
  func write(_ line: [UInt8], loss: (Int) -> [UInt8]) {
    state.withLock { state in
      let rest = state.rest
      state.rest = []
      if !rest.isEmpty, !put(rest, &state) { state.rest = rest }
      if state.rest.isEmpty, state.lost > 0, put(loss(state.lost), &state) { state.lost = 0 }
      if !state.rest.isEmpty || state.lost > 0 || !put(line, &state) { state.lost += 1 }
    }
  }

  /// Writes as much of a line as there is room for, and keeps the rest; false if that is all of it.
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

  /// write(2) that does not wait for a reader.
  private func attempt(_ bytes: UnsafeRawBufferPointer) -> Int {
    let raw = descriptor.raw
    switch kind {
    case .socket: return send(raw, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    case .shared where !hasRoom(within: 0):
      errno = EAGAIN
      return -1
    // For so many there is room then; pipe(7).
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
