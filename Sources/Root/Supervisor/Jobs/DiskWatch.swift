import Glibc
import JobLaunch
import SystemCalls

/// When to check again whether the disk of the outputs is full.
///
/// A job writes directly to its file, so only the job sees a failed write, and the evidence is gone if space is available again when the
/// job ends. So one check serves all jobs, as often as the disk could have become full since the last one.
enum DiskWatch {
  /// The bounds of the time between two checks.
  static let shortestPause = Duration.milliseconds(50)
  static let longestPause = Duration.seconds(10)
  /// An upper bound on what is written, in bytes per millisecond: the speed of memory.
  private static let fastest: UInt64 = 4 << 20

  /// Returns the time until a disk with this many free bytes could be full.
  static func pause(_ free: UInt64) -> Duration {
    min(max(.milliseconds(Int64(free / fastest)), shortestPause), longestPause)
  }
}

extension Jobs {
  /// Checks the disk as long as jobs run. Shepherds record a full disk, and keep that across a restart of agentd.
  func watchDisk() {
    if diskWatch?.isPending == true || running.isEmpty { return }
    diskWatch = reactor.after(lookAtDisk()) { [weak self] in self?.watchDisk() }
  }

  private func lookAtDisk() -> Duration {
    lookAtDiskOnly()
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
