/// Calls a function once when the reactor has been idle for a while, and again after the next such period.
final class QuietTime {
  private let length: Duration
  private let reactor: Reactor
  private let body: () -> Void
  private var turns = 0
  private var isWaiting = false
  private var isOwnTurn = false

  init(_ length: Duration, on reactor: Reactor, _ body: @escaping () -> Void) {
    self.length = length
    self.reactor = reactor
    self.body = body
  }

  /// Counts a turn; call it at the end of each.
  func turnEnded() {
    turns += 1
    // Our own turn must not cause another call.
    if isOwnTurn { isOwnTurn = false } else if !isWaiting { wait() }
  }

  private func wait() {
    isWaiting = true
    let seen = turns
    reactor.after(length) { [weak self] in self?.look(seen) }
  }

  private func look(_ seen: Int) {
    isWaiting = false
    guard turns == seen else { return }
    isOwnTurn = true
    body()
  }
}
