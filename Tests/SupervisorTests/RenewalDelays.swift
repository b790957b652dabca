import Testing

@testable import Supervisor

/// How long a failed renewal waits before the next attempt.
struct RenewalDelays {
  @Test func everLongerAndNeverTheSameForAll() {
    var delay = RenewalDelay()
    let waits = (0..<20).map { _ in delay.next() / .seconds(1) }
    for (index, wait) in waits.enumerated() {
      let most = min(60 * Double(1 << index), 6 * 3600)
      #expect(wait <= most && wait >= most * 0.75, "attempt \(index): \(wait) s")
    }
    #expect(Set(waits).count > 15)
  }
}
