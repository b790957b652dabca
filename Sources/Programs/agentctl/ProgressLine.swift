import Glibc
import Synchronization
import Wording

/// A line at the bottom of the terminal that shows the progress; not shown if standard error is not a terminal.
final class ProgressLine: Sendable {
  private let isShown: Bool
  private let text = Mutex("")

  /// - Parameter count: the number of items; a single one needs no line.
  init(of count: Int) {
    isShown = count > 1 && isatty(STDERR_FILENO) == 1
  }

  /// Shows the line, or replaces its text.
  func show(_ text: String) {
    guard isShown else { return }
    self.text.withLock { $0 = text }
    put("\r\u{1B}[K\(fitted(text))")
  }

  /// Removes the line.
  func clear() {
    guard isShown else { return }
    put("\r\u{1B}[K")
  }

  /// Removes the line while `body` writes, and shows it again.
  func aside(_ body: () throws -> Void) rethrows {
    clear()
    try body()
    showAgain()
  }

  /// Shows the line that was removed.
  func showAgain() {
    if isShown { put(fitted(text.withLock { $0 })) }
  }

  /// A line that the terminal wraps could not be removed.
  private func fitted(_ text: String) -> String {
    let text = printable(text)
    guard let width = Screen.width(of: STDERR_FILENO), text.count >= width else { return text }
    return text.prefix(max(0, width - 2)) + "…"
  }

  private func put(_ text: String) { _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) } }
}
