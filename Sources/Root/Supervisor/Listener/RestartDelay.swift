/// How long to wait before a dead listener is restarted.
///
/// There is no wait at first, so that a single crash is hardly noticed; then it grows each time, so that a listener that dies immediately
/// does not keep the machine busy.
struct RestartDelay {
  /// The first wait that is not zero.
  static let first = Duration.milliseconds(100)
  /// The longest wait.
  static let longest = Duration.seconds(10)
  /// The minimum life after which the delay starts at zero again.
  static let soundLife = Duration.seconds(60)

  private var upcoming = Duration.zero

  /// Returns the wait after a listener that lived for `life`.
  mutating func next(afterLife life: Duration) -> Duration {
    if life >= Self.soundLife { upcoming = .zero }
    defer { upcoming = upcoming == .zero ? Self.first : min(upcoming * 2, Self.longest) }
    return upcoming
  }
}

extension Duration {
  /// The duration as logs show it: `0 s`, `0.100 s`, `12.800 s`.
  var inSeconds: String {
    let milliseconds = Int(self / .milliseconds(1))
    let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    return rest == 0 ? "\(seconds) s" : "\(seconds).\(String(rest + 1000).dropFirst()) s"
  }
}
