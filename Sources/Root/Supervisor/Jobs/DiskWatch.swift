import Glibc
import JobLaunch
import SystemCalls

/// When to look next whether the disk of the outputs is full.
///
/// A job writes straight into its file, so that nobody but itself sees a write that fails, and room that is there again when it
/// ends hides it. One look for all jobs, as often as the disk could have become full since the last, is what there is.
enum DiskWatch {
  /// The shortest and the longest time between two looks.
  static let shortestPause = Duration.milliseconds(50)
  static let longestPause = Duration.seconds(10)
  /// Bytes in a millisecond that nobody exceeds: a memory's speed.
  private static let fastest: UInt64 = 4 << 20

  /// The time until a disk with so many free bytes could be full.
  static func pause(_ free: UInt64) -> Duration {
    min(max(.milliseconds(Int64(free / fastest)), shortestPause), longestPause)
  }
}

extension Jobs {
  /// Has the disk looked at as long as jobs run. What is found is noted by their shepherds, who keep it through a restart of agentd.
  func watchDisk() {
    if diskWatch?.isPending == true || running.isEmpty { return }
    diskWatch = reactor.after(lookAtDisk()) { [weak self] in self?.watchDisk() }
  }

  private func lookAtDisk() -> Duration {
    guard let space = DiskSpace(at: launcher.folder) else { return DiskWatch.longestPause }
    guard space.isFull else { return DiskWatch.pause(space.free) }
    for (id, place) in running where !place.isToldOfFullDisk {
      guard let job = place.job else { continue }
      running[id]?.isToldOfFullDisk = true
      job.noteFullDisk()
    }
    return DiskWatch.shortestPause
  }
}
