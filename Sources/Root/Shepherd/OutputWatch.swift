import Glibc
import ShepherdContract
import SystemCalls

/// Keeps what a job writes within its limit, on both streams together, and notices a full disk.
///
/// The job writes straight into the file, so that no death of ours loses output; so nothing can hold a write back. RLIMIT_FSIZE
/// would, but for every file that the job writes. Instead the size is looked at from time to time, only while it grows, and what
/// is beyond the limit is cut off when the job is dead. Until then the file can be longer, by what a job writes in
/// `shortestPause`. A job that writes nothing costs nothing: inotify(7) tells when it begins.
struct OutputWatch {
  /// Milliseconds between two looks at a growing file, near its limit and far from it.
  static let shortestPause: UInt64 = 20
  static let longestPause: UInt64 = 250
  /// Bytes in a millisecond that no job exceeds: a memory's speed.
  private static let fastest: UInt64 = 4 << 20

  /// Readable when a file that did not grow has grown; `nil` without a limit, or where inotify is used up.
  let notice: FileDescriptor?
  /// When to look next, by `Clock.monotonic`; `UInt64.max` as long as nothing grows.
  private(set) var nextLook = UInt64.max
  /// Whether the disk was seen full, by this watch or by the supervisor, who looks while the job writes nothing.
  var sawFullDisk = false
  private let files: [FileDescriptor]
  private let limit: UInt64?
  private var seen: UInt64 = 0

  /// Watches files that the job is about to write; the limit is that of all together.
  init(_ files: [FileDescriptor], limit: UInt64?) {
    self.files = files
    self.limit = limit
    notice =
      limit == nil
      ? nil
      : try? FileDescriptor(
        owning: checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)) })
    noticeFullDisk()
    // Without a notice, looking from time to time has to do.
    if limit != nil, !arm() { nextLook = Clock.monotonic() + Self.longestPause }
  }

  /// Looks, if it is time to.
  ///
  /// - Returns: whether they are longer than they may be.
  mutating func exceedsLimit(noticed: Bool) -> Bool {
    guard let limit, noticed || Clock.monotonic() >= nextLook else { return false }
    if noticed { drain() }
    let total = written
    if total > limit { return true }
    noticeFullDisk()
    defer { seen = total }
    // Armed first: what is written after the look at the size wakes.
    if total == seen, !noticed, arm(), written == total {
      nextLook = .max
    } else {
      nextLook = Clock.monotonic() + min(max((limit - total) / Self.fastest, Self.shortestPause), Self.longestPause)
    }
    return false
  }

  /// Cuts off what is beyond the limit. To be called when nobody writes any more.
  ///
  /// - Returns: how many bytes that were.
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

  /// How much of files of these sizes stays, so that they are within the limit together: all of a short one, in order that a flood
  /// on one stream leaves the other as it is.
  static func kept(of sizes: [UInt64], limit: UInt64) -> [UInt64] {
    var kept = sizes
    var (room, files) = (limit, UInt64(sizes.count))
    for index in sizes.indices.sorted(by: { sizes[$0] < sizes[$1] }) {
      kept[index] = min(sizes[index], room / files)
      (room, files) = (room - kept[index], files - 1)
    }
    return kept
  }

  /// Bytes in all files.
  private var written: UInt64 { files.reduce(0) { $0 + Self.size($1) } }

  private mutating func noticeFullDisk() {
    // All files are in one folder.
    sawFullDisk = sawFullDisk || files.first.flatMap(DiskSpace.init(of:))?.isFull == true
  }

  /// Whether every file tells when it grows: once, so that a job that writes much wakes nobody.
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
