import Glibc
import ShepherdContract
import SystemCalls

/// Limits the output of a job, both streams together, and notices a full disk.
///
/// The job writes directly to the file, so that no output is lost if agentd dies; hence nothing can block a write. RLIMIT_FSIZE could, but
/// it applies to every file that the job writes. Instead the size is checked periodically while it grows, and what exceeds the limit is cut
/// off once the job is dead. Until then the file can exceed the limit by what a job writes in `shortestPause`. A job that writes nothing
/// costs nothing: inotify(7) reports when it starts to write.
struct OutputWatch {
  /// The time between two checks of a growing file, in milliseconds: near its limit, and far from it.
  static let shortestPause: UInt64 = 20
  static let longestPause: UInt64 = 250
  /// An upper bound on what a job writes, in bytes per millisecond: the speed of memory.
  private static let fastest: UInt64 = 4 << 20

  /// Readable when a file that was not growing has grown; `nil` without a limit, or if no inotify instance is available.
  let notice: FileDescriptor?
  /// When to check next, by `Clock.monotonic`; `UInt64.max` while nothing grows.
  private(set) var nextLook = UInt64.max
  /// Whether the disk was seen full, by this watch or by the supervisor, which checks it while the job writes nothing.
  var sawFullDisk = false
  private let files: [FileDescriptor]
  private let limit: UInt64?
  private var seen: UInt64 = 0

  /// Watches files that the job is about to write; `limit` is for all of them together.
  init(_ files: [FileDescriptor], limit: UInt64?) {
    self.files = files
    self.limit = limit
    notice =
      limit == nil
      ? nil
      : try? FileDescriptor(
        owning: checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)) })
    noticeFullDisk()
    // Without a notice, periodic checks must do.
    if limit != nil, !arm() { nextLook = Clock.monotonic() + Self.longestPause }
  }

  /// Checks the sizes if a check is due.
  ///
  /// - Returns: whether the files exceed the limit.
  mutating func exceedsLimit(noticed: Bool) -> Bool {
    guard let limit, noticed || Clock.monotonic() >= nextLook else { return false }
    if noticed { drain() }
    let total = written
    if total > limit { return true }
    noticeFullDisk()
    defer { seen = total }
    // Armed before the size is read again, so that a later write wakes us.
    if total == seen, !noticed, arm(), written == total {
      nextLook = .max
    } else {
      nextLook = Clock.monotonic() + min(max((limit - total) / Self.fastest, Self.shortestPause), Self.longestPause)
    }
    return false
  }

  /// Truncates the files to the limit. Call it when no process writes to them any longer.
  ///
  /// - Returns: the number of bytes cut off.
  mutating func cut() -> UInt64 {
    noticeFullDisk()
    guard let limit else { return 0 }
    let sizes = files.map(Self.size)
    return zip(files, zip(sizes, Self.kept(of: sizes, limit: limit))).reduce(0) { dropped, file in
      let (file, (size, kept)) = file
      guard size > kept, ftruncate(file.raw, off_t(kept)) == 0 else { return dropped }
      return dropped + size - kept
    }
  }

  /// Returns how much to keep of files of these sizes so that together they are within the limit.
  ///
  /// A short file is kept whole, so that a flood on one stream leaves the other intact.
  static func kept(of sizes: [UInt64], limit: UInt64) -> [UInt64] {
    var kept = sizes
    var (room, files) = (limit, UInt64(sizes.count))
    for index in sizes.indices.sorted(by: { sizes[$0] < sizes[$1] }) {
      kept[index] = min(sizes[index], room / files)
      (room, files) = (room - kept[index], files - 1)
    }
    return kept
  }

  /// The size of all files together, in bytes.
  private var written: UInt64 { files.reduce(0) { $0 + Self.size($1) } }

  private mutating func noticeFullDisk() {
    // All files are in one folder.
    sawFullDisk = sawFullDisk || files.first.flatMap(DiskSpace.init(of:))?.isFull == true
  }

  /// Returns whether every file reports its next growth: once only, so that a job that writes much causes few wake-ups.
  private func arm() -> Bool {
    guard let notice else { return false }
    let flags = UInt32(IN_MODIFY) | UInt32(IN_ONESHOT)
    return files.allSatisfy { inotify_add_watch(notice.raw, "/proc/self/fd/\($0.raw)", flags) >= 0 }
  }

  private func drain() {
    guard let raw = notice?.raw else { return }
    var events = [UInt8](repeating: 0, count: 1024)
    while read(raw, &events, events.count) > 0 {}
  }

  private static func size(_ file: FileDescriptor) -> UInt64 {
    UInt64(clamping: (try? file.status())?.st_size ?? 0)
  }
}
