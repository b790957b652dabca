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
  /// The most bytes of output of a job whose request names no limit; `nil` for no limit.
  public var outputLimit: Int64?
  /// What the configuration gives to every job.
  public var surroundings = JobSurroundings()
  /// Where each job gets a control group of its own; `nil` for jobs without one.
  public var controlGroups: ControlGroups?
  /// Whether jobs report their ends; see `RunningJob.report`.
  public var endsAreReported = false
  let jobs: FileDescriptor

  /// Makes `folder` (0700) if it is missing, and checks that `shepherd` can be executed.
  public init(folder: String, shepherd: String) throws(SystemError) {
    self.folder = folder
    self.shepherd = shepherd
    try Folder.make(folder, mode: 0o700)
    jobs = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
    try checked("access", shepherd) { access(shepherd, X_OK) }
  }

  /// The shepherd's program file where an installation has it.
  public static func installedShepherd() throws(SystemError) -> String {
    try Program.installed("agentd-shepherd", or: "libexec/agentd/agentd-shepherd")
  }

  /// Makes the job's folder and starts its shepherd, which starts the job.
  ///
  /// Whatever goes wrong within the shepherd (no such directory, no such program) is learnt from `outcome(of:)`. A folder that an
  /// earlier job of the same id left behind is removed.
  ///
  /// - Throws: `LaunchRefusal`; then nothing was started and no folder is left.
  public func launch(_ id: JobID, _ request: JobRequest, as account: Account) throws(LaunchRefusal) -> RunningJob {
    try account.requireGoodStanding(loginShellIsRequired: surroundings.loginShellIsRequired)
    let order = try Order(id, request, account, outputLimit: outputLimit, surroundings)
    if let missing = missingControllers(request), !missing.isEmpty {
      throw LaunchRefusal(
        "cannot enforce the job's limits: the control groups here lack \(missing.joined(separator: ", "))")
    }
    do throws(SystemError) {
      let folder = try makeFolder(id)
      do throws(SystemError) {
        if let script = request.script { try folder.write(script: ScriptCommand.bytes(script), of: account) }
        let report = endsAreReported ? try EndReport.pair() : nil
        let shepherd = try start(id, order, request, in: folder, report: report?.shepherd)
        return RunningJob(id: id, shepherd: shepherd, report: report?.supervisor)
      } catch {
        // The folder is of no use; why it could not be filled matters more than why it could not be removed. Nobody has its
        // lock: no shepherd was started, whatever a child that is just being forked elsewhere holds for a moment.
        try? discard(folder, of: id)
        throw error
      }
    } catch {
      throw LaunchRefusal("cannot start the job's shepherd: \(error)")
    }
  }

  /// The controllers of control groups that the request's limits need and that are not to be had; `nil` without limits.
  public func missingControllers(_ request: JobRequest) -> [String]? {
    request.limits?.missing(controlGroups?.controllers ?? [])
  }

  private func makeFolder(_ id: JobID) throws(SystemError) -> JobFolder {
    do throws(SystemError) { return try JobFolder.make(id, in: jobs) } catch  where error.code == EEXIST {
      try remove(id)
      return try JobFolder.make(id, in: jobs)
    }
  }

  private func start(
    _ id: JobID, _ order: Order, _ request: JobRequest, in folder: JobFolder, report: FileDescriptor?
  ) throws(SystemError) -> ProcessHandle {
    let lock = try folder.makeLock()
    let made = try controlGroups?.make(groupName(id), request.limits)
    do throws(SystemError) {
      var order = order
      order.controlGroup = made.map { Array($0.path.utf8) }
      order.reportsEnd = report != nil
      return try start(
        id, order, request, in: folder, lock: lock, group: made?.group, report: report)
    } catch {
      if let made { ControlGroups.remove(made.path) }
      throw error
    }
  }

  private func start(
    _ id: JobID, _ order: Order, _ request: JobRequest, in folder: JobFolder, lock: FileDescriptor,
    group: ControlGroup?, report: FileDescriptor?
  ) throws(SystemError) -> ProcessHandle {
    let bytes: [UInt8]
    do { bytes = try order.encoded() } catch { throw SystemError("write", "order", code: E2BIG) }
    let orderFile = try folder.write(ShepherdContract.FileName.order, bytes)
    if let stdin = request.stdin { try folder.write(ShepherdContract.FileName.stdin, Array(stdin.utf8)) }
    let output = try folder.makeOutput(.stdout)
    let errors = order.separatesErrors ? try folder.makeOutput(.stderr) : nil
    try folder.reserveExit()
    var program = Program(
      shepherd, arguments: ["agentd-shepherd: \(id)"],
      // At the places of `ShepherdContract.Descriptor`.
      descriptors: [nil, nil, nil, orderFile, lock, folder.descriptor, output, group?.folder, errors, report])
    program.environment = []
    program.directory = "/"
    // A session of its own: what a terminal sends to agentd in the foreground does not reach it.
    program.newSession = true
    program.signalsBlocked = true
    return try program.start()
  }

  /// The name of a job's control group: other agents of the host may have a job of the same id.
  private func groupName(_ id: JobID) -> String { "\(groupPrefix)\(id)" }

  private var groupPrefix: String {
    let status = try? jobs.status()
    return "agentd-\(String(status?.st_dev ?? 0, radix: 16))-\(String(status?.st_ino ?? 0, radix: 16))-"
  }

  /// Ends the control groups of all jobs but these: left over from a crash between the end of a job and the removal of its group.
  public func removeControlGroups(besides running: Set<JobID>) {
    let kept = Set(running.map(groupName))
    guard let controlGroups else { return }
    for name in controlGroups.names(groupPrefix) where !kept.contains(name) {
      ControlGroups.remove("\(controlGroups.folder)/\(name)")
    }
  }

  /// Cancels a running job; see `RunningJob.cancel()`.
  ///
  /// - Parameter client: named in the job's outcome, also by an agentd that was started after this. The first one counts.
  public func cancel(_ job: RunningJob, by client: String) throws(SystemError) {
    do throws(SystemError) {
      try JobFolder(job.id, in: jobs).write(ShepherdContract.FileName.cancel, Array(client.utf8))
    } catch  where error.code == EEXIST {
    } catch {
      // On a full disk, say. Who it was is worth less than the cancel.
    }
    try job.cancel()
  }

  /// Opens what the job has written, read-only.
  ///
  /// - Throws: `ENOENT` as long as the job was not launched, and for errors that go with the output.
  public func openOutput(of id: JobID, _ stream: OutputStream = .stdout) throws(SystemError) -> FileDescriptor {
    try JobFolder(id, in: jobs).descriptor.open(stream.fileName, O_RDONLY)
  }

  /// The path of the file that the job writes to, for inotify(7).
  public func outputPath(of id: JobID, _ stream: OutputStream = .stdout) -> String {
    "\(folder)/\(id)/\(stream.fileName)"
  }

  /// Bytes that the job has written so far; `nil` if it was not launched, and for errors that go with the output.
  public func outputBytes(of id: JobID, _ stream: OutputStream = .stdout) -> Int64? {
    try? JobFolder(id, in: jobs).outputBytes(stream)
  }

  /// Removes the job's folder with all it holds, without following a symbolic link. A missing folder is no error.
  ///
  /// - Throws: `EBUSY` while its shepherd lives.
  public func remove(_ id: JobID) throws(SystemError) {
    do throws(SystemError) {
      let folder = try JobFolder(id, in: jobs)
      if try folder.lockState().isHeld { throw SystemError("remove", "folder of job \(id)", code: EBUSY) }
      try discard(folder, of: id)
    } catch  where error.code == ENOENT {
      return
    }
  }

  private func discard(_ folder: JobFolder, of id: JobID) throws(SystemError) {
    let jobs = jobs.raw
    try JobFolder.empty(folder.descriptor)
    try checked("rmdir", "folder of job \(id)") { unlinkat(jobs, id.description, AT_REMOVEDIR) }
  }

  /// The ids of all folders.
  public func ids() throws(SystemError) -> [JobID] {
    try Folder.names(in: jobs).compactMap(JobID.init)
  }

  /// Reads the names of the jobs' folders, some at a time.
  public func folders() throws(SystemError) -> FolderReader { try FolderReader(jobs) }
}
