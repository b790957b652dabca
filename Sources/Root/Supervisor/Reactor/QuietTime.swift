/// Calls when the reactor has had nothing to do for a while, once; and again after the next such while.
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

  /// To be called at the end of each turn.
  func turnEnded() {
    turns += 1
    // The call is no reason for another.
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
