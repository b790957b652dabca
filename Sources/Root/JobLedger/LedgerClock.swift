import Glibc
import Values

/// The clocks of the host, as far as the ledger needs them.
public struct LedgerClock: Sendable {
  /// The wall clock, in milliseconds since the epoch. It can jump: at a start without a battery, or when it is corrected.
  var wall: @Sendable () -> Int64
  /// The milliseconds since an arbitrary point, suspended time included; they do not jump.
  var uptime: @Sendable () -> Int64

  /// Creates the host's clocks, or others for a test.
  public init(
    wall: @escaping @Sendable () -> Int64 = { Timestamp.now().milliseconds },
    uptime: @escaping @Sendable () -> Int64 = { LedgerClock.bootTime() }
  ) {
    self.wall = wall
    self.uptime = uptime
  }

  /// Returns the milliseconds since the host was started; CLOCK_BOOTTIME of clock_gettime(2).
  public static func bootTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
