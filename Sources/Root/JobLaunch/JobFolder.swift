import AgentProtocol
import CLinux
import Glibc
import ShepherdContract
import SystemCalls

/// The open folder of a job: everything in it is accessed through its descriptor, never through a symbolic link.
struct JobFolder {
  let descriptor: FileDescriptor

  /// Creates the folder of a job.
  ///
  /// - Throws: `EEXIST` if it exists.
  static func make(_ id: JobID, in jobs: FileDescriptor) throws(SystemError) -> JobFolder {
    let raw = jobs.raw
    try checked("mkdir", "folder of job \(id)") { mkdirat(raw, id.key, 0o700) }
    return try JobFolder(id, in: jobs)
  }

  /// Opens the folder of a job.
  ///
  /// - Throws: `ENOENT` if it does not exist.
  init(_ id: JobID, in jobs: FileDescriptor) throws(SystemError) {
    descriptor = try jobs.open(id.key, O_RDONLY | O_DIRECTORY)
  }

  /// Creates a file with these contents.
  func write(_ name: String, _ contents: [UInt8]) throws(SystemError) {
    try descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o400).writeAll(contents, name)
  }

  /// Creates the file of a stream, open for writing; not for appending, which splice(2) does not support.
  func makeOutput(_ stream: OutputStream) throws(SystemError) -> FileDescriptor {
    try descriptor.open(stream.fileName, O_WRONLY | O_CREAT | O_EXCL, mode: 0o400)
  }

  /// Reserves disk space for the exit record, on a file system that cannot do so for the lock.
  private func makeExit() throws(SystemError) {
    let name = ShepherdContract.FileName.exit
    let file = try descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    let code = posix_fallocate(file.raw, 0, off_t(ShepherdContract.reservedExitBytes))
    if code != 0 { throw SystemError("posix_fallocate", name, code: code) }
  }

  /// Creates the lock file with space for the exit record, and locks it on the returned descriptor.
  func makeLock() throws(SystemError) -> FileDescriptor {
    let name = ShepherdContract.FileName.lock
    let file = try descriptor.open(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    let raw = file.raw
    try checked("flock", name) { flock(raw, LOCK_EX | LOCK_NB) }
    do throws(SystemError) {
      try checked("fallocate", name) { clinux_reserve(raw, off_t(ShepherdContract.reservedExitBytes)) }
    } catch  where error.code == EOPNOTSUPP || error.code == ENOSYS {
      try makeExit()
    }
    return file
  }

  /// Returns whether a shepherd is alive whose job has not ended, and what it, or the last one, wrote into the lock. A missing lock is not
  /// held.
  func lockState() throws(SystemError) -> (isHeld: Bool, record: LockRecord?) {
    let name = ShepherdContract.FileName.lock
    let file: FileDescriptor
    do throws(SystemError) { file = try descriptor.open(name, O_RDWR) } catch  where error.code == ENOENT {
      return (false, nil)
    }
    let raw = file.raw
    let isHeld: Bool
    do throws(SystemError) {
      try checked("flock", name) { flock(raw, LOCK_EX | LOCK_NB) }
      isHeld = false
    } catch  where error.code == EWOULDBLOCK {
      isHeld = true
    }
    // Read last: a shepherd that has just locked the file may still be writing.
    return (isHeld, LockRecord(decoding: try file.readAll(limit: ExitRecord.maximumBytes, name)))
  }

  /// Returns the contents of a file; `nil` if it is missing.
  func read(_ name: String, limit: Int) throws(SystemError) -> [UInt8]? {
    do throws(SystemError) {
      return try descriptor.open(name, O_RDONLY).readAll(limit: limit, name)
    } catch  where error.code == ENOENT {
      return nil
    }
  }

  /// Returns the size of a stream's file; `nil` if there is none.
  func outputBytes(_ stream: OutputStream) -> Int64? { status(stream).map { Int64($0.st_size) } }

  /// The disk space of the files of both streams, in bytes. A sparse file takes less than its size.
  var diskBytes: Int64 {
    // Blocks of 512 bytes, stat(3type); no disk has 2^53 of them.
    OutputStream.allCases.reduce(0) { $0 + 512 * min(Int64(status($1)?.st_blocks ?? 0), 1 << 53) }
  }

  private func status(_ stream: OutputStream) -> stat? {
    var status = stat()
    return fstatat(descriptor.raw, stream.fileName, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
  }

  /// Removes everything in a folder.
  static func empty(_ folder: FileDescriptor) throws(SystemError) {
    let raw = folder.raw
    for name in try Folder.names(in: folder) {
      if unlinkat(raw, name, 0) == 0 || errno == ENOENT { continue }
      guard errno == EISDIR else { throw SystemError.last("unlink", name) }
      try empty(try folder.open(name, O_RDONLY | O_DIRECTORY))
      try checked("rmdir", name) { unlinkat(raw, name, AT_REMOVEDIR) }
    }
  }
}

extension OutputStream {
  /// The name of its file in a job's folder.
  var fileName: String {
    switch self {
    case .stdout: ShepherdContract.FileName.output
    case .stderr: ShepherdContract.FileName.errors
    }
  }
}
