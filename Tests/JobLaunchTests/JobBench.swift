import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls
import TestSupport

/// A launcher with its own folder and the real shepherd.
final class JobBench: Sendable {
  let home: TemporaryFolder
  let launcher: JobLauncher

  private let groups: ControlGroupMount?

  /// Creates a bench.
  ///
  /// - Parameter controlGroups: whether each job gets a control group, in a cgroup2 file system mounted for this bench.
  init(in parent: String = "/tmp", controlGroups: Bool = false) throws {
    home = try TemporaryFolder(in: parent)
    groups = controlGroups ? try ControlGroupMount() : nil
    var launcher = try JobLauncher(folder: home.path("jobs"), shepherd: BuiltProduct.path("agentd-shepherd"))
    launcher.controlGroups = try groups.map { try ControlGroups(folder: $0.folder) }
    self.launcher = launcher
  }

  /// The names of the existing control groups.
  var controlGroupNames: [String] {
    get throws { try groups.map { try Folder.names(in: $0.folder).filter { $0.hasPrefix("agentd-") } } ?? [] }
  }

  /// Starts a job as the user of this process.
  func start(_ id: String, _ request: JobRequest, as user: String? = nil) throws -> RunningJob {
    try launcher.startUnreported(id, request, as: Account.resolve(user, group: request.group))
  }

  /// Waits for the end of a job.
  func end(of job: RunningJob, within limit: Duration = .seconds(90)) async throws -> JobOutcome {
    try await wait(for: "the shepherd of \(job.id)", within: limit) { job.shepherd.hasEnded }
    return launcher.outcome(of: job)
  }

  /// Runs a job to its end.
  func run(_ request: JobRequest, as user: String? = nil) async throws -> (outcome: JobOutcome, output: String) {
    let job = try start("job-1", request, as: user)
    let outcome = try await end(of: job)
    return (outcome, try output(of: job))
  }

  /// Returns what a job has written so far.
  func output(of job: RunningJob) throws -> String {
    String(decoding: try launcher.openOutput(of: job.id).readAll(limit: 1 << 24), as: UTF8.self)
  }
}

extension JobLauncher {
  /// Starts a job that leaves its end on disk, and not to a ledger.
  func startUnreported(_ id: String, _ request: JobRequest, as account: Account) throws -> RunningJob {
    var job = try launchAndWait(JobID(id)!, request, as: account)
    job.report = nil
    return job
  }
}

extension JobRequest {
  /// A request for a shell script.
  static func shell(_ script: String) -> JobRequest { JobRequest(command: ["/bin/sh", "-c", script]) }
}

extension ProcessHandle {
  /// Whether the process has ended, reaped or not.
  var hasEnded: Bool {
    var poll = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) == 1
  }
}

/// Returns whether there is a process with this ID that is not a zombie.
func isAlive(_ process: pid_t) -> Bool {
  // A process whose first thread alone has ended is shown as a zombie, and runs on.
  let threads = (try? Folder.names(in: "/proc/\(process)/task")) ?? []
  return threads.contains { thread in
    guard let stat = try? DurableFile.read("/proc/\(process)/task/\(thread)/stat", limit: 4096) else { return false }
    return !String(decoding: stat, as: UTF8.self).split(separator: ")").last!.hasPrefix(" Z")
  }
}
