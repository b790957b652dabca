import Glibc
import ShepherdContract
import SystemCalls

/// The exit record's file, whose space was reserved before the job started: a full disk cannot make a job's end unknown.
struct ExitFile {
  private let folder: FileDescriptor
  private let file: FileDescriptor

  init(in folder: FileDescriptor) throws(SystemError) {
    self.folder = folder
    file = try folder.open(ShepherdContract.FileName.reservedExit, O_WRONLY)
  }

  /// Writes the record; it, the job's output and all names are on disk when this returns.
  func complete(with record: ExitRecord, output: FileDescriptor) throws {
    let bytes = try record.encoded()
    let raw = file.raw
    // Before the record: who reads it may rely on the output.
    try checked("fsync") { fsync(output.raw) }
    try file.writeAll(bytes)
    try checked("ftruncate") { ftruncate(raw, off_t(bytes.count)) }
    try checked("fsync") { fsync(raw) }
    let folder = folder.raw
    try checked("renameat") {
      renameat(folder, ShepherdContract.FileName.reservedExit, folder, ShepherdContract.FileName.exit)
    }
    try checked("fsync") { fsync(folder) }
    // The folder's own name, which the supervisor made without waiting for the disk.
    let parent = try self.folder.open("..", O_RDONLY | O_DIRECTORY)
    try checked("fsync") { fsync(parent.raw) }
  }
}
