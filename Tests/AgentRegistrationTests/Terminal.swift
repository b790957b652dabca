import Dispatch
import Glibc
import Synchronization
import SystemCalls
import TestSupport

/// A terminal with a program running on it, as for a person: openpty(3).
final class Terminal: Sendable {
  let handle: ProcessHandle
  private let master: FileDescriptor
  private let screen: Screen
  /// The program's side, kept open so that its settings can be checked after the program has ended.
  private let own: FileDescriptor

  /// Starts a command as a session leader with this as its controlling terminal.
  ///
  /// - Parameter redirection: further words for the shell, for example `</dev/null`.
  init(_ command: [String], environment: [String: String], directory: String, redirection: String = "") throws {
    var (outer, inner): (Int32, Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    try checked("openpty") { openpty(&outer, &inner, &name, nil, nil) }
    (master, own) = (FileDescriptor(owning: outer), FileDescriptor(owning: inner))
    let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // A session leader without a terminal acquires the first one it opens; this is the shell, which executes the program.
    let script = "exec <\(path) >\(path) 2>&1; exec \"$@\" \(redirection)"
    var program = Program("/bin/sh", arguments: ["sh", "-c", script, "sh"] + command, descriptors: [nil, nil, nil])
    program.newSession = true
    program.environment = environment.map { "\($0.key)=\($0.value)" }
    program.directory = directory
    handle = try program.start()
    screen = Screen(master)
  }

  deinit {
    try? handle.send(SIGKILL)
    screen.end()
  }

  /// The output so far, with LF line ends.
  var text: String { String(decoding: screen.bytes.filter { $0 != 0x0d }, as: UTF8.self) }

  /// Whether typed text is shown: the terminal's ECHO.
  var echoes: Bool {
    var settings = termios()
    return tcgetattr(own.raw, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
  }

  func type(_ text: String) throws { try master.writeAll(Array(text.utf8)) }

  /// Waits until `text` appears.
  func see(_ text: String) async throws {
    try await wait(for: "\(text) on the terminal", within: .seconds(60)) { self.text.contains(text) }
  }

  func end() async throws -> ProcessEnd {
    let end: ProcessEnd = try await wait(for: "the end of the program on the terminal", within: .seconds(60)) {
      var status: Int32 = 0
      if waitpid(handle.processID, &status, WNOHANG) == 0 { return nil }
      return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .signalled(status & 0x7f)
    }
    return end
  }
}

/// The output of a terminal, collected on a separate thread until the terminal is closed.
private final class Screen: Sendable {
  private let state = Mutex<(bytes: [UInt8], isOver: Bool)>(([], false))

  init(_ master: FileDescriptor) {
    DispatchQueue.global().async { [self] in
      var chunk = [UInt8](repeating: 0, count: 4096)
      while !state.withLock({ $0.isOver }) {
        var waiting = pollfd(fd: master.raw, events: Int16(POLLIN), revents: 0)
        if poll(&waiting, 1, 100) <= 0 { continue }
        let count = read(master.raw, &chunk, chunk.count)
        if count <= 0 { return }
        state.withLock { $0.bytes.append(contentsOf: chunk[..<count]) }
      }
    }
  }

  var bytes: [UInt8] { state.withLock { $0.bytes } }

  func end() { state.withLock { $0.isOver = true } }
}
