import Glibc

/// A control group, whose processes the kernel tracks whatever they do: an open folder in the cgroup2 file system; see cgroups(7).
///
/// A process starts in its parent's group, and cannot leave it without write access to the file system.
public final class ControlGroup: Sendable {
  /// The open folder.
  public let folder: FileDescriptor

  /// Takes ownership of an open folder.
  public init(_ folder: FileDescriptor) {
    self.folder = folder
  }

  /// Opens the group at `path`.
  ///
  /// - Throws: `ENOENT` if it does not exist.
  public convenience init(path: String) throws(SystemError) {
    self.init(try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
  }

  /// Returns all processes in the group except zombies.
  public func processes() -> Set<pid_t> {
    Set(lines("cgroup.procs").compactMap { ProcessNumbers.parse($0.utf8) }.filter { $0 > 0 })
  }

  /// Sends KILL to all processes at once, so that none can fork one that escapes.
  public func kill() {
    try? write("cgroup.kill", "1")
  }

  /// Writes one of the group's files.
  public func write(_ name: String, _ value: String) throws(SystemError) {
    try folder.open(name, O_WRONLY).writeAll(Array(value.utf8), name)
  }

  /// Returns the number after `key` in one of the group's files or, without a key, the file's only number; `nil` if it is missing.
  public func number(_ name: String, _ key: String? = nil) -> UInt64? {
    for line in lines(name) {
      let words = line.split(separator: " ")
      if let key, words.count == 2, words[0] == key { return UInt64(words[1]) }
      if key == nil, words.count == 1 { return UInt64(words[0]) }
    }
    return nil
  }

  /// Returns the lines of one of the group's files; none if it does not exist.
  public func lines(_ name: String) -> [Substring] {
    let bytes = (try? folder.open(name, O_RDONLY).readAll(limit: 1 << 24)) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
