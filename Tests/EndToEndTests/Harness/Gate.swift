import Glibc
import SystemCalls
import TestSupport

/// Named pipes with which a test holds a job and releases it: `read line < NAME` in the job waits for `openGate(NAME)`.
extension Installation {
  /// Creates the pipe in a folder that every user can access, the job's directory.
  ///
  /// - Returns: the member of a job's JSON that makes this folder its directory.
  func gate(_ name: String) throws -> String {
    // The installation's folder is closed to other users, and root's jobs run as another user.
    try checked("chmod", folder.path) { chmod(folder.path, 0o711) }
    let directory = folder.path("gates")
    try Folder.make(directory, mode: 0o755)
    let path = "\(directory)/\(name)"
    try checked("mkfifo", path) { mkfifo(path, 0o666) }
    try checked("chmod", path) { chmod(path, 0o666) }
    return "\"directory\": \"\(directory)\""
  }

  /// Waits for the job to arrive at the gate and lets it continue.
  func openGate(_ name: String) async throws {
    let path = folder.path("gates/\(name)")
    let pipe: FileDescriptor = try await wait(for: "a job at the gate \(name)") {
      // ENXIO as long as there is no reader: fifo(7).
      try? FileDescriptor.open(path, O_WRONLY | O_NONBLOCK)
    }
    try pipe.writeAll(Array("go\n".utf8), path)
  }
}
