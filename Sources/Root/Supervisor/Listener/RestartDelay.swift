/// How long to wait before a listener that died is started again: not at all at first, so that a single crash is hardly
/// noticed, then longer and longer, so that one that dies at once does not keep the machine busy.
struct RestartDelay {
  /// The first wait that is not zero.
  static let first = Duration.milliseconds(100)
  /// The longest wait.
  static let longest = Duration.seconds(10)
  /// Who has lived as long as this has not died at once.
  static let soundLife = Duration.seconds(60)

  private var upcoming = Duration.zero

  /// The wait after a listener that lived for `life`.
  mutating func next(afterLife life: Duration) -> Duration {
    if life >= Self.soundLife { upcoming = .zero }
    defer { upcoming = upcoming == .zero ? Self.first : min(upcoming * 2, Self.longest) }
    return upcoming
  }
}

extension Duration {
  /// For a log: `0 s`, `0.100 s`, `12.800 s`.
  var inSeconds: String {
    let milliseconds = Int(self / .milliseconds(1))
    let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    return rest == 0 ? "\(seconds) s" : "\(seconds).\(String(rest + 1000).dropFirst()) s"
  }
}
