import Glibc
import SystemCalls
import TestSupport

/// The process's only target, because libFuzzer's callback takes no context.
enum Run {
  nonisolated(unsafe) private static var target: FuzzTarget?
  nonisolated(unsafe) private static var scratch: TemporaryFolder?

  /// The maximum CPU time for one input, in seconds.
  private static let mostSeconds = 1.0

  static func start(_ target: FuzzTarget, scratch: TemporaryFolder) {
    self.target = target
    self.scratch = scratch
  }

  static func removeScratch() { scratch = nil }

  /// Creates a file that exists until the process ends.
  ///
  /// - Returns: its path.
  static func write(_ name: String, _ contents: String) -> String {
    do { return try scratch?.write(name, contents) ?? "" } catch { fatalError("\(error)") }
  }

  static func one(_ input: UnsafeRawBufferPointer) -> CInt {
    let (descriptor, start) = (lowestFreeDescriptor(), cpuSeconds())
    try? target?.body(Array(input))
    let seconds = cpuSeconds() - start
    promise(seconds <= mostSeconds, "an input takes at most \(mostSeconds) s, this one took \(seconds)")
    promise(lowestFreeDescriptor() == descriptor, "no descriptor stays open")
    return 0
  }

  /// The CPU time of this thread, so that a busy machine makes no input slow.
  private static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func lowestFreeDescriptor() -> Int32 {
    let number = dup(0)
    close(number)
    return number
  }
}
