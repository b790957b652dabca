import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls

/// Starts jobs, each under its own shepherd, and finds them again.
///
/// A job's files are in a folder named after its ID in `folder`, to which only agentd's user has access.
public struct JobLauncher: Sendable {
  /// The folder that contains the jobs' folders.
  public let folder: String
  /// The path of the shepherd's executable.
  public let shepherd: String
  /// The maximum size of a job's output in bytes, whatever its request names; `nil` for no limit.
  public var outputLimit: Int64?
  /// The settings that the configuration makes for every job.
  public var surroundings = JobSurroundings()
  /// The control groups, one per job; `nil` if jobs run without one.
  public var controlGroups: ControlGroups?
  /// Whether jobs report their ends; see `RunningJob.report`.
  public var endsAreReported = false
  let jobs: FileDescriptor

  /// Creates `folder` (0700) if it is missing, and checks that `shepherd` can be executed.
  public init(folder: String, shepherd: String) throws(SystemError) {
    self.folder = folder
    self.shepherd = shepherd
    try Folder.make(folder, mode: 0o700)
    jobs = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
    try checked("access", shepherd) { access(shepherd, X_OK) }
  }

  /// Returns the path of the installed shepherd.
  public static func installedShepherd() throws(SystemError) -> String {
    try Program.installed("agentd-shepherd", or: "libexec/agentd/agentd-shepherd")
  }

  /// Creates the job's folder and starts its shepherd, which starts the job.
  ///
  /// Failures within the shepherd (no such directory, no such program) are reported by `outcome(of:)`. A folder that an earlier job with
  /// the same ID left is removed.
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
        if order.mayStartInRoot, !account.hasUsableHome {
          try folder.write(ShepherdContract.FileName.home, Array("0".utf8))
        }
        let report = endsAreReported ? try EndReport.pair() : nil
        let shepherd = try start(id, order, request, in: folder, report: report?.shepherd)
        return RunningJob(id: id, shepherd: shepherd, report: report?.supervisor)
      } catch {
        // The folder is useless; why it could not be filled matters more than why it could not be removed. The lock is not held: no
        // shepherd was started, even if a child that is being forked elsewhere has the descriptor for a moment.
        try? discard(folder, of: id)
        throw error
      }
    } catch {
      var refusal = LaunchRefusal("cannot start the job's shepherd: \(error)")
      // EAGAIN of flock(2) is another thing, and no lock is tried twice.
      refusal.isOfTheMoment = error.code == EAGAIN && error.call != "flock"
      throw refusal
    }
  }

  /// Returns the controllers that the request's limits need and that are not available; `nil` without limits.
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
    let script = try request.script.map { text throws(SystemError) in try SealedScript.make(ScriptCommand.bytes(text)) }
    try folder.reserveExit()
    var program = Program(
      shepherd, arguments: ["agentd-shepherd: \(id)"],
      // In the order of `ShepherdContract.Descriptor`.
      descriptors: [nil, nil, nil, orderFile, lock, folder.descriptor, output, group?.folder, errors, report, script])
    program.environment = []
    program.directory = "/"
    // A separate session, so that signals that a terminal sends to agentd in the foreground do not reach it.
    program.newSession = true
    program.signalsBlocked = true
    return try program.start()
  }

  /// Returns the name of a job's control group: other agents on the host may have a job with the same ID.
  private func groupName(_ id: JobID) -> String { "\(groupPrefix)\(id.key)" }

  private var groupPrefix: String {
    let status = try? jobs.status()
    return "agentd-\(String(status?.st_dev ?? 0, radix: 16))-\(String(status?.st_ino ?? 0, radix: 16))-"
  }

  /// Removes the control groups of all jobs not in `running`: left by a crash between the end of a job and the removal of its group.
  public func removeControlGroups(besides running: Set<JobID>) {
    let kept = Set(running.map(groupName))
    guard let controlGroups else { return }
    for name in controlGroups.names(groupPrefix) where !kept.contains(name) {
      ControlGroups.remove("\(controlGroups.folder)/\(name)")
    }
  }

  /// Cancels a running job; see `RunningJob.cancel()`.
  ///
  /// - Parameter client: the client to name in the job's outcome, even after a restart of agentd. The first one counts.
  public func cancel(_ job: RunningJob, by client: String) throws(SystemError) {
    do throws(SystemError) {
      try JobFolder(job.id, in: jobs).write(ShepherdContract.FileName.cancel, Array(client.utf8))
    } catch  where error.code == EEXIST {
    } catch {
      // For example on a full disk. The cancellation matters more than who requested it.
    }
    try job.cancel()
  }

  /// Opens the output of the job, read-only.
  ///
  /// - Throws: `ENOENT` until the job is launched, and for errors if they are written to the output.
  public func openOutput(of id: JobID, _ stream: OutputStream = .stdout) throws(SystemError) -> FileDescriptor {
    try JobFolder(id, in: jobs).descriptor.open(stream.fileName, O_RDONLY)
  }

  /// Returns the path of the file that the job writes to, for inotify(7).
  public func outputPath(of id: JobID, _ stream: OutputStream = .stdout) -> String {
    "\(folder)/\(id.key)/\(stream.fileName)"
  }

  /// Returns how many bytes the job has written so far; `nil` if it was not launched, and for errors if they are written to the output.
  public func outputBytes(of id: JobID, _ stream: OutputStream = .stdout) -> Int64? {
    try? JobFolder(id, in: jobs).outputBytes(stream)
  }

  /// Returns the disk space of the job's output, in bytes; `nil` if it was not launched.
  public func diskBytes(of id: JobID) -> Int64? { try? JobFolder(id, in: jobs).diskBytes }

  /// Removes the job's folder with its contents, without following symbolic links. A missing folder is not an error.
  ///
  /// - Throws: `EBUSY` while its shepherd is alive.
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
    try checked("rmdir", "folder of job \(id)") { unlinkat(jobs, id.key, AT_REMOVEDIR) }
  }

  /// Returns the IDs of all jobs that have a folder.
  public func ids() throws(SystemError) -> [JobID] {
    try Folder.names(in: jobs).compactMap(JobID.init(key:))
  }

  /// Returns a reader for the names of the jobs' folders, which reads some at a time.
  public func folders() throws(SystemError) -> FolderReader { try FolderReader(jobs) }
}
