import Glibc

/// The clocks that a shepherd uses.
enum Clock {
  /// Returns the milliseconds since the epoch, for the exit record.
  static func now() -> Int64 { Int64(read(CLOCK_REALTIME)) }

  /// Returns the milliseconds since an arbitrary point, for deadlines; changes of the system time do not affect it.
  static func monotonic() -> UInt64 { read(CLOCK_MONOTONIC) }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }
}
