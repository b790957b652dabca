import Glibc
import SystemCalls

/// A folder for control groups in a cgroup2 file system mounted for a test, even if the host mounts none. Needs root.
public final class ControlGroupMount: Sendable {
  /// An empty group for the test.
  public let folder: String
  private let place: String

  /// Mounts the file system. Not in a `TemporaryFolder`, which would remove all of the host's empty groups with itself.
  public init() throws {
    var template = Array("/tmp/agentd-cgroup.XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw SystemError.last("mkdtemp", "/tmp") }
    let place = String(cString: made)
    self.place = place
    folder = "\(place)/\(Path.name(of: place))"
    let folder = folder
    try checked("mount", place) { mount("none", place, "cgroup2", 0, nil) }
    try checked("mkdir", folder) { mkdir(folder, 0o755) }
  }

  deinit {
    rmdir(folder)
    umount2(place, Int32(MNT_DETACH))
    rmdir(place)
  }
}
