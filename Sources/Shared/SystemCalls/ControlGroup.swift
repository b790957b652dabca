import Glibc

/// One group of processes that the kernel keeps together, whatever they do: a folder of the cgroup2 file system, open; see cgroups(7).
///
/// A process is born into its parent's group, and without write access to the file system it cannot leave.
public final class ControlGroup: Sendable {
  /// The open folder.
  public let folder: FileDescriptor

  /// Takes over an open folder.
  public init(_ folder: FileDescriptor) {
    self.folder = folder
  }

  /// Opens the group at `path`.
  ///
  /// - Throws: `ENOENT` if there is none.
  public convenience init(path: String) throws(SystemError) {
    self.init(try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
  }

  /// All processes of the group, without zombies.
  public func processes() -> Set<pid_t> {
    Set(lines("cgroup.procs").compactMap { ProcessNumbers.parse($0.utf8) }.filter { $0 > 0 })
  }

  /// Sends KILL to all processes at once: none can start another that is missed.
  public func kill() {
    try? write("cgroup.kill", "1")
  }

  /// Writes one of the group's files.
  public func write(_ name: String, _ value: String) throws(SystemError) {
    try folder.open(name, O_WRONLY).writeAll(Array(value.utf8), name)
  }

  /// The number behind `key` in one of the group's files, or the file's only number without a key; `nil` if it is not there.
  public func number(_ name: String, _ key: String? = nil) -> UInt64? {
    for line in lines(name) {
      let words = line.split(separator: " ")
      if let key, words.count == 2, words[0] == key { return UInt64(words[1]) }
      if key == nil, words.count == 1 { return UInt64(words[0]) }
    }
    return nil
  }

  /// The lines of one of the group's files; none if it is not there.
  public func lines(_ name: String) -> [Substring] {
    let bytes = (try? folder.open(name, O_RDONLY).readAll(limit: 1 << 24)) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
