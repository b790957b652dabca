import Glibc
import ShepherdContract
import SystemCalls

/// The file of the exit record. Its space was reserved before the job started, so that a full disk cannot lose how the job ended.
struct ExitFile {
  private let folder: FileDescriptor
  private let file: FileDescriptor
  /// Whether the file is the lock's until the job ends.
  private let isLock: Bool

  init(in folder: FileDescriptor, _ lock: FileDescriptor) throws(SystemError) {
    self.folder = folder
    do throws(SystemError) {
      (file, isLock) = (try folder.open(ShepherdContract.FileName.exit, O_WRONLY), false)
    } catch  where error.code == ENOENT {
      (file, isLock) = (lock, true)
    }
  }

  /// Writes the record.
  ///
  /// On return the job's output is on disk, and the record is on disk or the end in the supervisor's ledger.
  ///
  /// The file is written in place, without a new file, which would cost a second commit to disk; a checksum tells a complete record from a
  /// partial one.
  ///
  /// - Parameter isTaken: reports the end to the supervisor, if there is one, and returns whether the end is in the ledger.
  func complete(with record: ExitRecord, _ written: [FileDescriptor], isTaken: () -> Bool) throws {
    var record = record
    // Before the record: a reader of the record may rely on the output.
    let written = try written.filter { try $0.status().st_size > 0 }
    for file in written {
      // The disk has lost output that it had accepted, and how much is unknown. How the job ended is known.
      do throws(SystemError) { try synchronize(file) } catch { record.diskFull = true }
    }
    if !written.isEmpty { try synchronizeNames() }
    try replaceContents(with: try record.encoded())
    if isTaken() { return }
    try synchronize(file)
    try synchronizeNames()
  }

  private func replaceContents(with bytes: [UInt8]) throws(SystemError) {
    let (file, folder) = (file.raw, folder.raw)
    try checked("lseek") { lseek(file, 0, SEEK_SET) }
    try self.file.writeAll(bytes)
    try checked("ftruncate") { ftruncate(file, off_t(bytes.count)) }
    // Renamed only when it is complete. From then on the job counts as ended; nobody looks for its lock.
    if isLock {
      try checked("rename") {
        renameat(folder, ShepherdContract.FileName.lock, folder, ShepherdContract.FileName.exit)
      }
    }
  }

  private func synchronizeNames() throws(SystemError) {
    try synchronize(folder)
    // The name of the folder itself: the supervisor created it without waiting for the disk.
    try synchronize(try folder.open("..", O_RDONLY | O_DIRECTORY))
  }

  private func synchronize(_ descriptor: FileDescriptor) throws(SystemError) {
    let raw = descriptor.raw
    try checked("fsync") { fsync(raw) }
  }
}
