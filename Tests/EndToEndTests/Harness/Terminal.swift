import Glibc
import SystemCalls
import TestSupport

/// A program on a terminal of its own, with a person before it: this class.
final class Terminal {
  let handle: ProcessHandle
  private let master: FileDescriptor
  private var screen = ""
  private var seen = 0

  /// Starts a program with a new terminal as its controlling terminal.
  init(_ command: [String], environment: [String: String], directory: String) throws {
    // What posix_openpt(3), unlockpt(3) and ptsname(3) do, see ioctl_tty(2); the Glibc module does not show them.
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

  /// Types the text, as it is: `\n` is the Enter key, `\u{3}` is Ctrl-C.
  func type(_ text: String) throws { try master.writeAll(Array(text.utf8)) }

  /// Waits until the text is shown, behind what was waited for before.
  ///
  /// - Returns: all that was shown since, with the text.
  @discardableResult
  func expect(_ text: String, within limit: Duration = .seconds(90)) async throws -> String {
    do {
      return try await wait(for: "\(text.debugDescription) on the terminal", within: limit) {
        readScreen()
        let unseen = screen.utf8.dropFirst(seen)
        guard let end = unseen.firstRange(of: text.utf8)?.upperBound else { return nil }
        defer { seen = screen.utf8.distance(from: screen.utf8.startIndex, to: end) }
        return String(decoding: unseen[..<end], as: UTF8.self)
      }
    } catch let missed as DeadlineMissed {
      throw TerminalError(description: "\(missed.description); it shows: \(screen)")
    }
  }

  /// What is shown behind what was waited for.
  func unseen() -> String {
    readScreen()
    return String(decoding: screen.utf8.dropFirst(seen), as: UTF8.self)
  }

  private func readScreen() {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = read(master.raw, &chunk, chunk.count), count > 0 {
      screen += String(decoding: chunk[..<count], as: UTF8.self)
    }
  }
}

struct TerminalError: Error, CustomStringConvertible {
  let description: String
}
