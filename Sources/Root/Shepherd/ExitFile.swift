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

  /// Writes the record; it, what the job wrote, and all names are on disk when this returns, or in the supervisor's ledger.
  ///
  /// In place, and not by rename(2): that would cost the disk a second commit, and the checksum tells a whole record from half
  /// of one.
  ///
  /// - Parameter isTaken: reports the end to the supervisor, if there is one to be told, and whether it is in the ledger.
  func complete(with record: ExitRecord, _ written: [FileDescriptor], isTaken: () -> Bool) throws {
    let bytes = try record.encoded()
    let raw = file.raw
    // Before the record: who reads it may rely on the output.
    let written = try written.filter { try $0.status().st_size > 0 }
    for file in written { try synchronize(file) }
    if !written.isEmpty { try synchronizeNames() }
    try file.writeAll(bytes)
    try checked("ftruncate") { ftruncate(raw, off_t(bytes.count)) }
    if isTaken() { return }
    try synchronize(file)
    try synchronizeNames()
  }

  private func synchronizeNames() throws(SystemError) {
    try synchronize(folder)
    // The folder's own name, which the supervisor made without waiting for the disk.
    try synchronize(try folder.open("..", O_RDONLY | O_DIRECTORY))
  }

  private func synchronize(_ descriptor: FileDescriptor) throws(SystemError) {
    let raw = descriptor.raw
    try checked("fsync") { fsync(raw) }
  }
}
