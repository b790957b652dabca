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
  /// The process that forks the jobs' shepherds.
  public let shepherds: Shepherds
  /// The maximum size of a job's output in bytes, whatever its request names; `nil` for no limit.
  public var outputLimit: Int64?
  /// The settings that the configuration makes for every job.
  public var surroundings = JobSurroundings()
  /// The control groups, one per job; `nil` if jobs run without one.
  public var controlGroups: ControlGroups?
  let jobs: FileDescriptor
  /// What the names of the control groups begin with: it tells these jobs from those of other agents on the host.
  let groupPrefix: String

  /// Creates `folder` (0700) if it is missing, and checks that `shepherd` can be executed.
  public init(folder: String, shepherd: String) throws(SystemError) {
    self.folder = folder
    try Folder.make(folder, mode: 0o700)
    jobs = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
    let status = try? jobs.status()
    groupPrefix = "agentd-\(String(status?.st_dev ?? 0, radix: 16))-\(String(status?.st_ino ?? 0, radix: 16))-"
    shepherds = try Shepherds(shepherd)
  }

  /// Returns the path of the installed shepherd.
  public static func installedShepherd() throws(SystemError) -> String {
    try Program.installed("agentd-shepherd", or: "libexec/agentd/agentd-shepherd")
  }

  /// Creates the job's folder and orders its shepherd, which starts the job; see `start(of:)`.
  ///
  /// Failures within the shepherd (no such directory, no such program) are reported by `outcome(of:)`. A folder that an earlier job with
  /// the same ID left, or an order that was dropped, is removed.
  ///
  /// - Parameter mark: identifies the job's processes, if its shepherd was killed and cannot report them.
  /// - Returns: the job; `nil` if the shepherd server has too many orders to carry out, and nothing was started.
  /// - Throws: `LaunchRefusal`; then nothing was started and no folder is left.
  public func launch(
    _ id: JobID, _ request: JobRequest, as account: Account, mark: UInt64 = .random(in: .min ... .max)
  ) throws(LaunchRefusal) -> LaunchedJob? {
    try account.requireGoodStanding(loginShellIsRequired: surroundings.loginShellIsRequired)
    var order = try Order(id, request, account, mark: mark, outputLimit: outputLimit, surroundings)
    if let missing = missingControllers(request), !missing.isEmpty {
      throw LaunchRefusal(
        "cannot enforce the job's limits: the control groups here lack \(missing.joined(separator: ", "))")
    }
    do throws(SystemError) {
      // First, so that a server that is being started does not have the job's descriptors for a moment.
      try shepherds.start()
      let folder = try makeFolder(id)
      do throws(SystemError) {
        if order.mayStartInRoot, !account.hasUsableHome {
          try folder.write(ShepherdContract.FileName.home, Array("0".utf8))
        }
        let (report, theirs) = try EndReport.pair()
        try give(&order, request, of: id, mark: mark, in: folder, report: theirs)
        return LaunchedJob(id: id, report: report, order: RecalledOrder(order))
      } catch {
        // The folder is useless; why it could not be filled matters more than why it could not be removed. The lock is not held: no
        // shepherd was started, even if a child that is being forked elsewhere has the descriptor for a moment.
        try? discard(folder, of: id)
        throw error
      }
    } catch  where error.call == "sendmsg" && (error.code == EAGAIN || error.code == ETOOMANYREFS) {
      return nil
    } catch {
      // EAGAIN of flock(2) is another thing, and no lock is tried twice.
      throw LaunchRefusal(
        "cannot start the job's shepherd: \(error)", isOfTheMoment: error.code == EAGAIN && error.call != "flock")
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

  private func give(
    _ order: inout Order, _ request: JobRequest, of id: JobID, mark: UInt64, in folder: JobFolder,
    report: FileDescriptor
  ) throws(SystemError) {
    let made = try controlGroups?.make(groupName(of: id, request, mark: mark), request.limits)
    do throws(SystemError) {
      order.controlGroup = made.map { Array($0.path.utf8) }
      try give(order, request, in: folder, group: made?.group, report: report)
    } catch {
      if let made { ControlGroups.remove(made.path) }
      throw error
    }
  }

  private func give(
    _ order: Order, _ request: JobRequest, in folder: JobFolder, group: ControlGroup?, report: FileDescriptor
  ) throws(SystemError) {
    let bytes: [UInt8]
    do { bytes = try order.encoded() } catch { throw SystemError("write", "order", code: E2BIG) }
    let lock = try folder.makeLock()
    if let input = request.input { try folder.write(ShepherdContract.FileName.stdin, input) }
    let output = try folder.makeOutput(.stdout)
    let errors = order.separatesErrors ? try folder.makeOutput(.stderr) : nil
    let script = try request.script.map { text throws(SystemError) in
      try SealedFile.script(ScriptCommand.bytes(text))
    }
    typealias Number = ShepherdContract.Descriptor
    let descriptors: [(number: Int32, descriptor: FileDescriptor?)] = [
      (Number.order, try SealedFile.order(bytes)), (Number.lock, lock), (Number.folder, folder.descriptor),
      (Number.output, output), (Number.controlGroup, group?.folder), (Number.errors, errors), (Number.report, report),
      (Number.script, script),
    ]
    try shepherds.order(descriptors.compactMap { number, descriptor in descriptor.map { (number, $0) } })
  }

  /// Returns the name of a job's control group: other agents on the host may have a job with the same ID.
  private func groupName(_ id: JobID) -> String { "\(groupPrefix)\(id.key)" }

  /// Returns the name of a job's control group. Processes that the job may leave stay in it, and no other job gets the same one.
  private func groupName(of id: JobID, _ request: JobRequest, mark: UInt64) -> String {
    request.leaveProcesses == true ? "\(stayingPrefix)\(JobEnvironment.text(ofMark: mark))+\(id.key)" : groupName(id)
  }

  // No key contains a plus sign.
  private var stayingPrefix: String { "\(groupPrefix)+" }

  /// Returns the path of that group; `nil` if jobs have none.
  func groupPath(of id: JobID, _ request: JobRequest, mark: UInt64) -> String? {
    controlGroups.map { "\($0.folder)/\(groupName(of: id, request, mark: mark))" }
  }

  /// Removes the control groups of all jobs not in `running`: left by a crash between the end of a job and the removal of its group.
  ///
  /// What a job may leave keeps running: its group is removed only if it is empty.
  public func removeControlGroups(besides running: Set<JobID>) {
    let kept = Set(running.map(groupName))
    guard let controlGroups else { return }
    for name in controlGroups.names(groupPrefix) where !kept.contains(name) {
      let path = "\(controlGroups.folder)/\(name)"
      if !name.hasPrefix(stayingPrefix) {
        ControlGroups.remove(path)
      } else if !running.contains(where: { name.hasSuffix("+\($0.key)") }) {
        rmdir(path)
      }
    }
  }

  /// Cancels a running job; see `RunningJob.cancel()`.
  ///
  /// - Parameter client: the client to name in the job's outcome, even after a restart of agentd. The first one counts.
  public func cancel(_ job: RunningJob, by client: String) throws(SystemError) {
    noteCancel(job.id, by: client)
    try job.cancel()
  }

  /// Records who cancelled a job whose shepherd may not run yet. The first one counts.
  public func noteCancel(_ id: JobID, by client: String) {
    do throws(SystemError) {
      try JobFolder(id, in: jobs).write(ShepherdContract.FileName.cancel, Array(client.utf8))
    } catch  where error.code == EEXIST {
    } catch {
      // For example on a full disk. The cancellation matters more than who requested it.
    }
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
