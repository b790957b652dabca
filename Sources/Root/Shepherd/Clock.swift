import Glibc

/// The two clocks of a shepherd.
enum Clock {
  /// Milliseconds since the epoch, for the record.
  static func now() -> Int64 { Int64(read(CLOCK_REALTIME)) }

  /// Milliseconds since some moment, for deadlines: unmoved by a change of the host's date.
  static func monotonic() -> UInt64 { read(CLOCK_MONOTONIC) }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }
}
