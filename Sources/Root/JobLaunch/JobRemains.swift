import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls

/// What is left of a job whose shepherd was killed: found by the supervisor, and ended in the shepherd's place.
///
/// In its control group nothing is missed. Without one, a process of the job is known by any of: it is the main process, by number
/// and start time; it is in the session that the main process leads; the job's mark is in the environment that it was executed
/// with; its output or errors go to a file of the job's; its parent is one of those. A process that has got rid of all of that is
/// not found.
public struct JobRemains: Sendable {
  /// The job.
  public let id: JobID
  /// Processes that were sent KILL.
  public private(set) var ended: Set<pid_t> = []
  /// Those that were there at the last look.
  public private(set) var remaining: Set<pid_t> = []
  private let main: MainRecord?
  private let mark: [UInt8]?
  private let outputs: [FileIdentity]
  private let groupPath: String?
  private let group: ControlGroup?

  /// The remains of a job, as its folder tells how to know them.
  public init(of id: JobID, _ launcher: JobLauncher) {
    self.id = id
    let folder = try? JobFolder(id, in: launcher.jobs)
    let order = folder.flatMap { launcher.order(in: $0) }
    let name = Array("\(JobEnvironment.markName)=".utf8)
    mark = order?.environment.first { $0.starts(with: name) }
    groupPath = order?.controlGroup.map { String(decoding: $0, as: UTF8.self) }
    group = groupPath.flatMap { try? ControlGroup(path: $0) }
    outputs = OutputStream.allCases.compactMap { stream in
      folder.flatMap { FileIdentity($0.descriptor, stream.fileName) }
    }
    let record = try? folder?.read(ShepherdContract.FileName.main, limit: MainRecord.maximumBytes)
    main = record.flatMap(MainRecord.init)
  }

  /// Sends KILL to all that is found of these jobs, in one walk over the host's processes.
  ///
  /// - Returns: whether something was found: then there has to be another walk, for what was started meanwhile.
  public static func end(_ jobs: inout [JobRemains]) -> Bool {
    for index in jobs.indices { jobs[index].endGroup() }
    let marks = Marks(jobs)
    var owners: [pid_t: Int] = [:]
    // Children may have lower numbers than their parents, and are then found on the next walk at the latest.
    for process in ((try? Folder.names(in: "/proc")) ?? []).compactMap({ pid_t($0) }).sorted() where process != getpid()
    {
      guard let fact = ProcessFact(process), !fact.isZombie else { continue }
      guard let owner = owners[fact.parent] ?? marks.owner(of: process, fact) else { continue }
      owners[process] = owner
      jobs[owner].end(process, fact)
    }
    return jobs.contains { !$0.remaining.isEmpty }
  }

  /// The end of the job, once nothing more was found, or nothing more can be done.
  public func outcome(_ outcome: JobOutcome) -> JobOutcome {
    if let groupPath { rmdir(groupPath) }
    var outcome = outcome
    outcome.killed = ended.count
    // Without a group, what was found is not known to be all.
    outcome.left = !remaining.isEmpty || group != nil ? remaining.count : nil
    outcome.mayHaveRemains = false
    let found =
      ended.isEmpty ? "none of its processes was left" : "killed \(ReasonsOfEnd.processes(ended.count)) that it left"
    let stuck = remaining.isEmpty ? nil : "\(ReasonsOfEnd.processes(remaining.count)) could not be killed"
    outcome.reason = [outcome.reason, found, stuck].compactMap(\.self).joined(separator: "; ")
    return outcome
  }

  private mutating func endGroup() {
    remaining = group?.processes() ?? []
    ended.formUnion(remaining)
    if !remaining.isEmpty { group?.kill() }
  }

  private mutating func end(_ process: pid_t, _ fact: ProcessFact) {
    // The start time after taking hold: the same process still, and no later one of its number.
    guard let handle = try? ProcessHandle(process), ProcessFact(process)?.startTime == fact.startTime else { return }
    try? handle.send(SIGKILL)
    remaining.insert(process)
    ended.insert(process)
  }

  /// By what a process is known to belong to one of several jobs.
  private struct Marks {
    private var sessions: [pid_t: Int] = [:]
    private var environment: [ArraySlice<UInt8>: Int] = [:]
    private var outputs: [FileIdentity: Int] = [:]

    init(_ jobs: [JobRemains]) {
      for (index, job) in jobs.enumerated() {
        // The leader has to live: a session of its number that others lead is not the job's.
        if let main = job.main, ProcessFact(main.processID)?.startTime == main.startTime {
          sessions[main.processID] = index
        }
        if let mark = job.mark { environment[mark[...]] = index }
        for output in job.outputs { outputs[output] = index }
      }
    }

    func owner(of process: pid_t, _ fact: ProcessFact) -> Int? {
      if let owner = sessions[process] ?? sessions[fact.session] { return owner }
      let variables = (try? DurableFile.read("/proc/\(process)/environ", limit: 1 << 22)) ?? []
      for variable in variables.split(separator: 0) { if let owner = environment[variable] { return owner } }
      for descriptor in [1, 2] {
        if let file = FileIdentity(ofDescriptor: descriptor, of: process), let owner = outputs[file] { return owner }
      }
      return nil
    }
  }
}

/// Which file it is, by whatever name.
private struct FileIdentity: Hashable, Sendable {
  let device: dev_t
  let number: ino_t

  init?(_ folder: FileDescriptor, _ name: String) {
    var status = stat()
    guard fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    (device, number) = (status.st_dev, status.st_ino)
  }

  init?(ofDescriptor descriptor: Int, of process: pid_t) {
    var status = stat()
    guard stat("/proc/\(process)/fd/\(descriptor)", &status) == 0 else { return nil }
    (device, number) = (status.st_dev, status.st_ino)
  }
}
