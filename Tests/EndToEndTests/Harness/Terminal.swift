import Glibc
import SystemCalls
import TestSupport

/// A program on its own terminal; this class acts as the person.
final class Terminal {
  let handle: ProcessHandle
  private let master: FileDescriptor
  private var screen = ""
  private var seen = 0
  /// Whether every process has closed the terminal, so that nothing more is shown.
  private var isClosed = false

  /// Starts a program with a new terminal as its controlling terminal.
  init(_ command: [String], environment: [String: String], directory: String) throws {
    // As in posix_openpt(3), unlockpt(3) and ptsname(3), see ioctl_tty(2); the Glibc module does not expose these functions.
    master = try FileDescriptor.open("/dev/ptmx", O_RDWR | O_NOCTTY)
    let raw = master.raw
    var unlocked: Int32 = 0
    var number: Int32 = 0
    try checked("TIOCSPTLCK") { ioctl(raw, 0x4004_5431, &unlocked) }
    try checked("TIOCGPTN") { ioctl(raw, 0x8004_5430, &number) }
    let screen = try FileDescriptor.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    var program = Program(
      "setsid", arguments: ["setsid", "--ctty"] + command, descriptors: [screen, screen, screen])
    program.environment = environment.map { "\($0.key)=\($0.value)" }
    program.directory = directory
    handle = try program.start()
    try master.setNonBlocking(true)
  }

  deinit {
    try? handle.send(SIGKILL)
    var status: Int32 = 0
    waitpid(handle.processID, &status, 0)
  }

  /// Types the text literally: `\n` is the Enter key, `\u{3}` is Ctrl-C.
  func type(_ text: String) throws { try master.writeAll(Array(text.utf8)) }

  /// Closes the terminal, as a person closes a window.
  func hangUp() { master.close() }

  /// Waits until the text appears, after what was last waited for; not longer than there is a program that may show it.
  ///
  /// - Returns: everything shown since then, including the text.
  @discardableResult
  func expect(_ text: String, within limit: Duration = .seconds(90)) async throws -> String {
    do {
      return try await wait(for: "\(text.debugDescription) on the terminal", within: limit) {
        readScreen()
        let unseen = screen.utf8.dropFirst(seen)
        guard let end = unseen.firstRange(of: text.utf8)?.upperBound else {
          if isClosed {
            throw TerminalError(description: "the program ended without \(text.debugDescription); it shows: \(screen)")
          }
          return nil
        }
        defer { seen = screen.utf8.distance(from: screen.utf8.startIndex, to: end) }
        return String(decoding: unseen[..<end], as: UTF8.self)
      }
    } catch let missed as DeadlineMissed {
      throw TerminalError(description: "\(missed.description); it shows: \(screen)")
    }
  }

  /// Returns what is shown after the text last waited for.
  func unseen() -> String {
    readScreen()
    return String(decoding: screen.utf8.dropFirst(seen), as: UTF8.self)
  }

  private func readScreen() {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(master.raw, &chunk, chunk.count)
      guard count > 0 else {
        // tty_ioctl(4): there is no other end.
        isClosed = count < 0 && errno == EIO
        return
      }
      screen += String(decoding: chunk[..<count], as: UTF8.self)
    }
  }
}

struct TerminalError: Error, CustomStringConvertible {
  let description: String
}
