import AgentProtocol
import Glibc
import SystemCalls

/// The inotify(7) watches on output files that are being followed: one per stream and listener, until the job ends.
struct OutputWatches {
  private struct Watch {
    let inotify: FileDescriptor
    let number: Int32
  }

  private var watches: [JobID: [Watch]] = [:]

  /// Watches the file at `path` with the instance `inotify`.
  ///
  /// - Returns: the watch descriptor; the same one if that instance already watches the file.
  mutating func add(_ id: JobID, _ path: String, on inotify: FileDescriptor) throws(SystemError) -> Int32 {
    let raw = inotify.raw
    let number = try checked("inotify_add_watch", path) { inotify_add_watch(raw, path, UInt32(IN_MODIFY)) }
    if !watches[id, default: []].contains(where: { $0.inotify === inotify && $0.number == number }) {
      watches[id, default: []].append(Watch(inotify: inotify, number: number))
    }
    return number
  }

  /// Removes all watches of a job; the kernel notifies each listener (`IN_IGNORED`).
  mutating func remove(_ id: JobID) {
    for watch in watches.removeValue(forKey: id) ?? [] { inotify_rm_watch(watch.inotify.raw, watch.number) }
  }

  /// Forgets the watches of a listener that has ended; they were removed with its instance.
  mutating func forget(_ inotify: FileDescriptor) {
    for id in watches.keys { watches[id]?.removeAll { $0.inotify === inotify } }
    watches = watches.filter { !$0.value.isEmpty }
  }
}
