import Dispatch
import Glibc
import Synchronization

/// The terminal of `agentctl top`: its second screen, keys one by one, and only what has changed is written, so that nothing blinks.
final class TopTerminal {
  /// What a person does.
  enum Key: Equatable, Sendable {
    case up, down, pageUp, pageDown, first, last, enter, back, quit
    case character(Character)
  }

  private var usual = termios()
  private var shown: [String] = []
  private var sources: [any DispatchSourceProtocol] = []

  /// - Returns: nil if standard input or output is not a terminal that can place a cursor.
  init?() {
    let name = getenv("TERM").map { String(cString: $0) } ?? ""
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, !["", "dumb"].contains(name),
      tcgetattr(STDIN_FILENO, &usual) == 0
    else { return nil }
    var raw = usual
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw)
    // The second screen, without a cursor, and without line wrap.
    put("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J")
  }

  /// Gives the terminal back as it was.
  func end() {
    for source in sources { source.cancel() }
    put("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual)
  }

  /// Passes keys to `pressed`; a signal that ends programs, and a terminal that is gone, count as the key that quits.
  func listen(pressed: @escaping @Sendable (Key) -> Void, resized: @escaping @Sendable () -> Void) {
    let input = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO)
    input.setEventHandler {
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = read(STDIN_FILENO, &bytes, bytes.count)
      if count <= 0 { return pressed(.quit) }
      for key in Self.keys(bytes[..<count]) { pressed(key) }
    }
    sources.append(input)
    for number in [SIGTERM, SIGHUP, SIGINT, SIGWINCH] {
      signal(number, number == SIGWINCH ? SIG_DFL : SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { if number == SIGWINCH { resized() } else { pressed(.quit) } }
      sources.append(source)
    }
    for source in sources { source.activate() }
  }

  /// Returns the keys that these bytes stand for; ECMA-48, and the forms of xterm and the Linux console.
  static func keys(_ bytes: ArraySlice<UInt8>) -> [Key] {
    var rest = String(decoding: bytes, as: UTF8.self)[...]
    var keys: [Key] = []
    while let character = rest.first {
      if let (sequence, key) = sequences.first(where: { rest.hasPrefix($0.0) }) {
        keys.append(key)
        rest = rest.dropFirst(sequence.count)
        continue
      }
      rest = rest.dropFirst()
      switch character {
      case "\r", "\n": keys.append(.enter)
      case "\u{1B}": keys.append(.back)
      case "\u{3}", "\u{4}": keys.append(.quit)
      default: keys.append(.character(character))
      }
    }
    return keys
  }

  private static let sequences: [(String, Key)] = [
    ("\u{1B}[A", .up), ("\u{1B}OA", .up), ("\u{1B}[B", .down), ("\u{1B}OB", .down), ("\u{1B}[C", .enter),
    ("\u{1B}[D", .back), ("\u{1B}[5~", .pageUp), ("\u{1B}[6~", .pageDown), ("\u{1B}[H", .first), ("\u{1B}[1~", .first),
    ("\u{1B}OH", .first), ("\u{1B}[F", .last), ("\u{1B}[4~", .last), ("\u{1B}OF", .last),
  ]

  /// The number of columns and lines.
  var size: (columns: Int, lines: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Forgets what is shown: the window has another size.
  func clear() {
    shown = []
    put("\u{1B}[2J")
  }

  /// Shows lines from the top, writing those that differ.
  func show(_ lines: [String]) {
    var text = ""
    for (index, line) in lines.enumerated() where index >= shown.count || shown[index] != line {
      text += "\u{1B}[\(index + 1);1H\u{1B}[K\(line)\u{1B}[0m"
    }
    for index in lines.count..<max(lines.count, shown.count) { text += "\u{1B}[\(index + 1);1H\u{1B}[K" }
    shown = lines
    if !text.isEmpty { put(text) }
  }

  private func put(_ text: String) { try? write(Array(text.utf8)) }
}
