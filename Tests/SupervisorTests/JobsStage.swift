import AgentConfiguration
import AgentProtocol
import Glibc
import JobLaunch
import JobLedger
import SupervisorLink
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Jobs with a real ledger and the real shepherd, driven turn by turn.
final class JobsStage {
  let folder: TemporaryFolder
  let reactor: Reactor
  let lines = LogLines()
  let jobs: Jobs
  let inotify: FileDescriptor
  static let client = VerifiedClient(
    ClientIdentity(subject: "CN=scheduler", thumbprint: Thumbprint(repeating: "00")))

  /// - Parameters:
  ///   - clients: `[[client]]` tables; they begin in line 4.
  ///   - folder: the folder of an earlier stage, to take over its jobs.
  ///   - groups: where jobs get control groups. By default they get none: the host's would be left behind if a test ends before its jobs.
  init(
    maxRunning: Int = 4, maxQueued: Int = 4, clients: String = "", in folder: TemporaryFolder? = nil,
    groups: ControlGroupMount? = nil
  ) throws {
    self.folder = try folder ?? TemporaryFolder()
    reactor = try Reactor()
    let file = try self.folder.write(
      "agentd.toml", "[jobs]\nmax_running = \(maxRunning)\nmax_queued = \(maxQueued)\n\(clients)")
    let configuration = try AgentConfiguration.load(file: file, environment: [:], isRoot: false)
    let launcher = try JobLauncher(
      folder: self.folder.path("jobs"), shepherd: try BuiltProduct.path("agentd-shepherd"))
    jobs = Jobs(
      on: reactor, log: lines.log, ledger: try JobLedger(path: self.folder.path("ledger.sqlite")), launcher: launcher,
      limits: configuration.jobs, clients: configuration.clients)
    jobs.launcher.controlGroups = try groups.map { try ControlGroups(folder: $0.folder) }
    inotify = FileDescriptor(owning: try checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
    reactor.turnEnded = { [unowned self] in _ = jobs.endTurn() }
    // Jobs run as nobody, who must be able to access the files that they write.
    chmod(self.folder.path, 0o755)
  }

  /// A request with its answer.
  final class Asked {
    fileprivate(set) var answer: JobAnswer?
    fileprivate(set) var descriptors: [FileDescriptor] = []
    fileprivate(set) var request: ClientRequest!

    var status: JobStatus? { if case .job(let status, _) = answer { status } else { nil } }
    var page: JobPage? { get throws { if case .jobs(let listed) = answer { try listed.page } else { nil } } }
    var created: Bool? { if case .job(_, let created) = answer { created } else { nil } }
    var problem: ProblemKind? { if case .problem(let problem) = answer { problem.kind } else { nil } }
  }

  /// Sends a request without taking a turn.
  func ask(_ command: JobCommand, as client: VerifiedClient = JobsStage.client) -> Asked {
    let asked = Asked()
    asked.request = ClientRequest(command, from: client, inotify: inotify) {
      #expect(asked.answer == nil, "answered twice")
      (asked.answer, asked.descriptors) = ($0, $1)
    }
    jobs.handle(asked.request)
    return asked
  }

  /// Sends a request and takes turns until the answer arrives.
  func answer(_ command: JobCommand, as client: VerifiedClient = JobsStage.client) throws -> Asked {
    let asked = ask(command, as: client)
    try reactor.turns(until: "an answer to \(command.row.stem)") { asked.answer != nil }
    return asked
  }

  func submit(_ id: String, _ command: String..., change: (inout JobRequest) -> Void = { _ in }) throws -> Asked {
    var job = JobRequest(command: command)
    change(&job)
    return try answer(.submitJob(JobID(id)!, job))
  }

  /// Waits for the job to end.
  func end(_ id: String) throws -> JobStatus {
    let status = try answer(.showJob(JobID(id)!, wait: 60)).status
    return try #require(status)
  }

  /// Waits for the shepherd of a job to run.
  func shepherd(of id: String) throws -> ProcessHandle {
    let id = JobID(id)!
    try reactor.turns(until: "the shepherd of \(id) to run") { jobs.running[id]?.job != nil }
    return try #require(jobs.running[id]?.job).shepherd
  }

  func state(_ id: String) throws -> JobState? { try answer(.showJob(JobID(id)!, wait: 0)).status?.state }

  /// Returns a shell script that runs until the file exists, or the test has ended.
  func untilReleased(_ file: String = "go") -> [String] {
    ["/bin/sh", "-c", "while [ -d \(folder.path) ] && [ ! -e \(folder.path(file)) ]; do sleep 0.02; done"]
  }

  func release(_ file: String = "go") throws { try folder.write(file, "") }

  /// Runs `body` with a folder on a separate small file system, which needs root.
  static func inSmallFileSystem(_ size: String, _ body: (TemporaryFolder) throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let mounted = try await run("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", folder.path)
    try #require(mounted.end == .exited(0), "\(mounted.errorText)")
    let outcome = Result { try body(folder) }
    _ = try await run("umount", "--lazy", folder.path)
    try outcome.get()
  }

  /// Fills the folder's file system to the last byte, until the file `ballast` is removed.
  static func fill(_ folder: TemporaryFolder) throws {
    let file = try FileDescriptor.open(folder.path("ballast"), O_WRONLY | O_CREAT, mode: 0o600)
    let chunk = [UInt8](repeating: 0, count: 4096)
    while write(file.raw, chunk, chunk.count) > 0 {}
  }
}
