import AgentConfiguration
import AgentProtocol
import Glibc
import JobLaunch
import JobLedger
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// Jobs with a real ledger and the real shepherd, driven turn by turn.
final class JobsStage {
  let folder: TemporaryFolder
  let reactor: Reactor
  let lines = LogLines()
  let jobs: Jobs
  let inotify: FileDescriptor
  static let client = ClientIdentity(subject: "CN=scheduler", thumbprint: String(repeating: "0", count: 64))

  /// - Parameter folder: that of an earlier stage, to take its jobs over.
  init(maxRunning: Int = 4, maxQueued: Int = 4, in folder: TemporaryFolder? = nil) throws {
    self.folder = try folder ?? TemporaryFolder()
    reactor = try Reactor()
    let limits = try self.folder.write(
      "limits.toml", "[jobs]\nmax_running = \(maxRunning)\nmax_queued = \(maxQueued)\n")
    let launcher = try JobLauncher(
      folder: self.folder.path("jobs"), shepherd: try BuiltProduct.path("agentd-shepherd"))
    jobs = Jobs(
      on: reactor, log: lines.log, ledger: try JobLedger(path: self.folder.path("ledger.sqlite")), launcher: launcher,
      limits: try AgentConfiguration.load(file: limits, environment: [:], isRoot: false).jobs)
    inotify = FileDescriptor(owning: try checked("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
    reactor.turnEnded = { [unowned self] in _ = jobs.endTurn() }
    // Jobs run as nobody, who has to reach what they are told to write to.
    chmod(self.folder.path, 0o755)
  }

  /// One request with its answer.
  final class Asked {
    fileprivate(set) var answer: JobAnswer?
    fileprivate(set) var descriptors: [FileDescriptor] = []
    fileprivate(set) var request: ClientRequest!

    var status: JobStatus? { if case .job(let status, _) = answer { status } else { nil } }
    var created: Bool? { if case .job(_, let created) = answer { created } else { nil } }
    var problem: ProblemKind? { if case .problem(let problem) = answer { problem.kind } else { nil } }
  }

  /// Asks without taking a turn.
  func ask(_ command: JobCommand) -> Asked {
    let asked = Asked()
    asked.request = ClientRequest(command, from: Self.client, inotify: inotify) {
      #expect(asked.answer == nil, "answered twice")
      (asked.answer, asked.descriptors) = ($0, $1)
    }
    jobs.handle(asked.request)
    return asked
  }

  /// Asks and takes turns until the answer is there.
  func answer(_ command: JobCommand) throws -> Asked {
    let asked = ask(command)
    try reactor.turns(until: "an answer to \(command.row.stem)") { asked.answer != nil }
    return asked
  }

  func submit(_ id: String, _ command: String..., change: (inout JobRequest) -> Void = { _ in }) throws -> Asked {
    var job = JobRequest(command: command)
    change(&job)
    return try answer(.submitJob(JobID(id)!, job))
  }

  /// Waits for the job's end.
  func end(_ id: String) throws -> JobStatus {
    let status = try answer(.showJob(JobID(id)!, wait: 60)).status
    return try #require(status)
  }

  func state(_ id: String) throws -> JobState? { try answer(.showJob(JobID(id)!, wait: 0)).status?.state }

  /// A shell script that runs until the file is there, or the test is over.
  func untilReleased(_ file: String = "go") -> [String] {
    ["/bin/sh", "-c", "while [ -d \(folder.path) ] && [ ! -e \(folder.path(file)) ]; do sleep 0.02; done"]
  }

  func release(_ file: String = "go") throws { try folder.write(file, "") }
}
