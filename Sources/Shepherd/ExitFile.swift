import Glibc
import ShepherdContract
import SystemCalls

/// The exit record's file, whose space was reserved before the job started: a full disk cannot make a job's end unknown.
struct ExitFile {
  private let folder: FileDescriptor
  private let file: FileDescriptor

  init(in folder: FileDescriptor) throws(SystemError) {
    self.folder = folder
    file = try folder.open(ShepherdContract.FileName.exit, O_WRONLY)
  }

  /// Writes the record; it, the job's output and all names are on disk when this returns.
  ///
  /// In place, and not by rename(2): that would cost the disk a second commit, and the checksum tells a whole record from half
  /// of one.
  func complete(with record: ExitRecord, output: FileDescriptor) throws {
    let bytes = try record.encoded()
    let raw = file.raw
    // Before the record: who reads it may rely on the output.
    if try output.status().st_size > 0 { try synchronize(output) }
    try file.writeAll(bytes)
    try checked("ftruncate") { ftruncate(raw, off_t(bytes.count)) }
    try synchronize(file)
    try synchronize(folder)
    // The folder's own name, which the supervisor made without waiting for the disk.
    try synchronize(try folder.open("..", O_RDONLY | O_DIRECTORY))
  }

  private func synchronize(_ descriptor: FileDescriptor) throws(SystemError) {
    let raw = descriptor.raw
    try checked("fsync") { fsync(raw) }
  }
}
