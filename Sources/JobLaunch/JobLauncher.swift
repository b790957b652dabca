import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls

/// Starts jobs, each below a shepherd of its own, and finds them again.
///
/// A job's files lie in the folder of its id below `folder`, which only agentd's user may enter.
public struct JobLauncher: Sendable {
  /// Where the jobs' folders are.
  public let folder: String
  /// The program file of the shepherd.
  public let shepherd: String
  let jobs: FileDescriptor

  /// Makes `folder` (0700) if it is missing, and checks that `shepherd` can be executed.
  public init(folder: String, shepherd: String) throws(SystemError) {
    self.folder = folder
    self.shepherd = shepherd
    try Folder.make(folder, mode: 0o700)
    jobs = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
    try checked("access", shepherd) { access(shepherd, X_OK) }
  }

  /// Makes the job's folder and starts its shepherd, which starts the job.
  ///
  /// Whatever goes wrong within the shepherd (no such directory, no such program) is learnt from `outcome(of:)`. A folder that an
  /// earlier job of the same id left behind is removed.
  ///
  /// - Throws: `LaunchRefusal`; then nothing was started and no folder is left.
  public func launch(_ id: JobID, _ request: JobRequest, as account: Account) throws(LaunchRefusal) -> RunningJob {
    let order = try Order.bytes(id, request, account)
    do throws(SystemError) {
      let folder = try makeFolder(id)
      do throws(SystemError) {
        return RunningJob(id: id, shepherd: try start(id, order, request.stdin, in: folder))
      } catch {
        // The folder is of no use; why it could not be filled matters more than why it could not be removed.
        try? remove(id)
        throw error
      }
    } catch {
      throw LaunchRefusal("cannot start the job's shepherd: \(error)")
    }
  }

  private func makeFolder(_ id: JobID) throws(SystemError) -> JobFolder {
    do throws(SystemError) { return try JobFolder.make(id, in: jobs) } catch  where error.code == EEXIST {
      try remove(id)
      return try JobFolder.make(id, in: jobs)
    }
  }

  private func start(
    _ id: JobID, _ order: [UInt8], _ stdin: String?, in folder: JobFolder
  ) throws(SystemError) -> ProcessHandle {
    let lock = try folder.makeLock()
    let orderFile = try folder.write(ShepherdContract.FileName.order, order)
    if let stdin { try folder.write(ShepherdContract.FileName.stdin, Array(stdin.utf8)) }
    let output = try folder.makeOutput()
    try folder.reserveExit()
    var program = Program(
      shepherd, arguments: ["agentd-shepherd: \(id)"],
      // At the places of `ShepherdContract.Descriptor`.
      descriptors: [nil, nil, nil, orderFile, lock, folder.descriptor, output])
    program.environment = []
    program.directory = "/"
    // A session of its own: what a terminal sends to agentd in the foreground does not reach it.
    program.newSession = true
    program.signalsBlocked = true
    return try program.start()
  }

  /// Opens what the job has written, read-only.
  ///
  /// - Throws: `ENOENT` as long as the job was not launched.
  public func openOutput(of id: JobID) throws(SystemError) -> FileDescriptor {
    try JobFolder(id, in: jobs).descriptor.open(ShepherdContract.FileName.output, O_RDONLY)
  }

  /// The path of the file that the job writes to, for inotify(7).
  public func outputPath(of id: JobID) -> String {
    "\(folder)/\(id)/\(ShepherdContract.FileName.output)"
  }

  /// Bytes that the job has written so far; `nil` if it was not launched.
  public func outputBytes(of id: JobID) -> Int64? {
    try? JobFolder(id, in: jobs).outputBytes()
  }

  /// Removes the job's folder with all it holds, without following a symbolic link. A missing folder is no error.
  ///
  /// - Throws: `EBUSY` while its shepherd lives.
  public func remove(_ id: JobID) throws(SystemError) {
    let jobs = jobs.raw
    do throws(SystemError) {
      let folder = try JobFolder(id, in: self.jobs)
      if try folder.lockState().isHeld { throw SystemError("remove", "folder of job \(id)", code: EBUSY) }
      try JobFolder.empty(folder.descriptor)
      try checked("rmdir", "folder of job \(id)") { unlinkat(jobs, id.description, AT_REMOVEDIR) }
    } catch  where error.code == ENOENT {
      return
    }
  }

  /// The ids of all folders.
  public func ids() throws(SystemError) -> [JobID] {
    try Folder.names(in: jobs).compactMap(JobID.init)
  }
}
