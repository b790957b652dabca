import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls

/// The remains of a job whose shepherd was killed: the supervisor finds them and ends them in the shepherd's place.
///
/// If the job has a control group, none is missed. Otherwise a process belongs to the job if any of these holds: it is the main process, by
/// process ID and start time; it is in the session that the main process leads; the job's mark is in the environment that it was executed
/// with; its output or errors go to a pipe of the job, or to a file of one that an earlier agentd started; its parent belongs to the job. A
/// process to which none of this applies is not found.
///
/// If the job may leave processes and its main process has ended, nothing is ended.
public struct JobRemains: Sendable {
  /// The job.
  public let id: JobID
  /// The processes that were sent SIGKILL.
  public private(set) var ended: Set<pid_t> = []
  /// The processes that were alive at the last check.
  public private(set) var remaining: Set<pid_t> = []
  private let main: MainRecord?
  private let mark: [UInt8]?
  private let outputs: [FileIdentity]
  private let areLeft: Bool
  private let groupPath: String?
  private let group: ControlGroup?

  /// Reads from the job's folder how its processes can be identified.
  ///
  /// - Parameter order: what is known of the job's order.
  public init(of id: JobID, _ order: RecalledOrder?, _ launcher: JobLauncher) {
    self.id = id
    let folder = try? JobFolder(id, in: launcher.jobs)
    let order = folder.flatMap { launcher.order(in: $0) } ?? order?.order
    let name = Array("\(JobEnvironment.markName)=".utf8)
    mark = order?.environment.first { $0.starts(with: name) }
    groupPath = order?.controlGroup.map { String(decoding: $0, as: UTF8.self) }
    group = groupPath.flatMap { try? ControlGroup(path: $0) }
    let files = OutputStream.allCases.compactMap { stream in
      folder.flatMap { FileIdentity($0.descriptor, stream.fileName) }
    }
    let record = try? folder?.read(ShepherdContract.FileName.main, limit: MainRecord.maximumBytes)
    main = record.flatMap(MainRecord.init)
    outputs = files + (main?.pipes ?? [])
    areLeft = order?.leavesProcesses == true && main?.isAlive == false
  }

  /// Sends SIGKILL to all processes of these jobs, in one walk over the host's processes.
  ///
  /// - Returns: whether any was found: then another walk is needed, for processes started meanwhile.
  public static func end(_ jobs: inout [JobRemains]) -> Bool {
    for index in jobs.indices where !jobs[index].areLeft { jobs[index].endGroup() }
    let marks = Marks(jobs)
    var owners: [pid_t: Int] = [:]
    // A child may have a lower number than its parent; it is then found on the next walk at the latest.
    for process in ((try? Folder.names(in: "/proc")) ?? []).compactMap({ pid_t($0) }).sorted() where process != getpid()
    {
      guard let fact = ProcessFact(process), !fact.isZombie else { continue }
      guard let owner = owners[fact.parent] ?? marks.owner(of: process, fact) else { continue }
      owners[process] = owner
      jobs[owner].end(process, fact)
    }
    return jobs.contains { !$0.remaining.isEmpty }
  }

  /// Returns the outcome of the job, once nothing more is found, or nothing more can be done.
  public func outcome(_ outcome: JobOutcome) -> JobOutcome {
    if let groupPath { rmdir(groupPath) }
    var outcome = outcome
    outcome.mayHaveRemains = false
    if areLeft {
      outcome.left = group?.processes().count
      outcome.reason = [outcome.reason, "what it left keeps running, as requested"].compactMap(\.self).joined(
        separator: "; ")
      return outcome
    }
    outcome.killed = ended.count
    // Without a group, some processes may not have been found.
    outcome.left = !remaining.isEmpty || group != nil ? remaining.count : nil
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
    // The start time is read after the handle was opened: this is still the same process, not a later one with its number.
    guard let handle = try? ProcessHandle(process), ProcessFact(process)?.startTime == fact.startTime else { return }
    try? handle.send(SIGKILL)
    remaining.insert(process)
    ended.insert(process)
  }

  /// The marks by which a process is assigned to one of several jobs.
  private struct Marks {
    private var sessions: [pid_t: Int] = [:]
    private var environment: [ArraySlice<UInt8>: Int] = [:]
    private var outputs: [FileIdentity: Int] = [:]

    init(_ jobs: [JobRemains]) {
      for (index, job) in jobs.enumerated() where !job.areLeft {
        // The leader must be alive: a session of its number that another process leads is not the job's.
        if let main = job.main, main.isAlive { sessions[main.processID] = index }
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

extension MainRecord {
  /// Whether the process still runs, or has not been waited for.
  fileprivate var isAlive: Bool { ProcessFact(processID)?.startTime == startTime }
}

extension FileIdentity {
  fileprivate init?(_ folder: FileDescriptor, _ name: String) {
    var status = stat()
    guard fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    self.init(status)
  }

  fileprivate init?(ofDescriptor descriptor: Int, of process: pid_t) {
    var status = stat()
    guard stat("/proc/\(process)/fd/\(descriptor)", &status) == 0 else { return nil }
    self.init(status)
  }
}
