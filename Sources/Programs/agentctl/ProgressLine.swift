import Glibc
import Synchronization
import Wording

/// A line at the bottom of the terminal that says how far we are; nothing where standard error is no terminal.
final class ProgressLine: Sendable {
  private let isShown: Bool
  private let text = Mutex("")

  /// - Parameter count: of what is done; one alone needs no line.
  init(of count: Int) {
    isShown = count > 1 && isatty(STDERR_FILENO) == 1
  }

  /// Shows it, or something new in its place.
  func show(_ text: String) {
    guard isShown else { return }
    self.text.withLock { $0 = text }
    put("\r\u{1B}[K\(printable(text))")
  }

  /// Takes it away.
  func clear() {
    guard isShown else { return }
    put("\r\u{1B}[K")
  }

  /// Takes it away for what `body` writes, and shows it again.
  func aside(_ body: () throws -> Void) rethrows {
    clear()
    try body()
    if isShown { put(printable(text.withLock { $0 })) }
  }

  private func put(_ text: String) { _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) } }
}
