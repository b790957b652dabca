import AgentProtocol
import Glibc
import JobLaunch
import SupervisorLink
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Every operation that a listener can ask for is judged by the rule of the client that asks: none is left out, none is let
/// through by default.
struct EveryOperationAsksTheRules {
  /// One for each `JobCommand`; a new one is missing here until `of(_:)` names it.
  enum Operation: CaseIterable {
    // The last one may end the job that the others are about.
    case showAgent, showMetrics, nextEvents, submitJob, showJob, waitForJob, listJobs, openOutput, followOutput,
      deleteJob,
      cancelJob

    static func of(_ command: JobCommand) -> [Operation] {
      switch command {
      case .showAgent: [.showAgent]
      case .submitJob: [.submitJob]
      case .showJob: [.showJob, .waitForJob]
      case .listJobs: [.listJobs]
      case .openOutput: [.openOutput, .followOutput]
      case .cancelJob: [.cancelJob]
      case .deleteJob: [.deleteJob]
      case .nextEvents: [.nextEvents]
      case .showMetrics: [.showMetrics]
      }
    }

    func command(_ id: JobID, _ job: JobRequest) -> JobCommand {
      switch self {
      case .showAgent: .showAgent
      case .submitJob: .submitJob(id, job)
      case .showJob: .showJob(id, wait: 0)
      case .waitForJob: .showJob(id, wait: 60)
      case .listJobs: .listJobs(JobFilter())
      case .openOutput: .openOutput(id, follow: false)
      case .followOutput: .openOutput(id, follow: true)
      case .cancelJob: .cancelJob(id)
      case .deleteJob: .deleteJob(id)
      case .nextEvents: .nextEvents(after: nil, wait: 0)
      case .showMetrics: .showMetrics
      }
    }
  }

  private static let zeros = Thumbprint(repeating: "00")
  private static func client(_ subject: String) -> VerifiedClient {
    VerifiedClient(ClientIdentity(subject: subject, thumbprint: zeros))
  }

  /// Rules under which `CN=scheduler` may do all, and what becomes of each operation of `CN=other` on its job. Whatever is not
  /// named is forbidden.
  struct Row: Sendable, CustomTestStringConvertible {
    let rules: String
    let answers: [Operation: String]
    var testDescription: String { rules.isEmpty ? "no table for it" : rules }
  }

  private static let rows = [
    Row(rules: "", answers: [:]),
    Row(
      rules: "read_only = true",
      answers: [.showAgent: "permitted", .nextEvents: "0 events", .showMetrics: "metrics", .listJobs: "0 jobs"]),
    Row(
      rules: "read_only = true\njobs = \"all\"",
      answers: [
        .showAgent: "permitted", .nextEvents: "0 events", .showMetrics: "metrics", .listJobs: "1 jobs",
        .showJob: "running",
        .waitForJob: "waits", .openOutput: "output",
        .followOutput: "output",
      ]),
    Row(
      rules: "jobs = \"own\"",
      answers: [
        .showAgent: "permitted", .nextEvents: "0 events", .showMetrics: "metrics", .listJobs: "0 jobs",
        .submitJob: "conflict",
      ]),
    Row(
      rules: "jobs = \"all\"",
      answers: [
        .showAgent: "permitted", .nextEvents: "0 events", .showMetrics: "metrics", .listJobs: "1 jobs",
        .showJob: "running",
        .waitForJob: "waits", .openOutput: "output",
        .followOutput: "output", .submitJob: "running", .cancelJob: "running", .deleteJob: "conflict",
      ]),
  ]

  @Test(arguments: rows)
  func ofAnotherClientsJob(row: Row) throws {
    let theirs = row.rules.isEmpty ? "" : "\n[[client]]\ncertificate = \"CN=other\"\n\(row.rules)\n"
    let stage = try JobsStage(clients: "[[client]]\ncertificate = \"CN=scheduler\"\n" + theirs)
    let job = JobRequest(command: stage.untilReleased())
    let id = JobID("a")!
    _ = try stage.answer(.submitJob(id, job))
    for operation in Operation.allCases {
      let command = operation.command(id, job)
      #expect(Operation.of(command).contains(operation))
      let asked = stage.ask(command, as: Self.client("CN=other"))
      // One that waits for the job's end has an answer after the turn if it was refused.
      if operation != .waitForJob {
        try stage.reactor.turns(until: "an answer") { asked.answer != nil }
      } else {
        _ = try stage.answer(.listJobs(JobFilter()))
      }
      let (answer, expected) = (Self.text(asked), row.answers[operation, default: "forbidden"])
      // The end of a job that was cancelled may be quicker than the answer.
      #expect(
        answer == expected || (operation == .cancelJob && [answer, expected] == ["cancelled", "running"]),
        "\(operation)")
      // Nothing of what was refused has happened.
      if row.answers[.cancelJob] == nil { #expect(try stage.state("a") == .running) }
    }
    try stage.release()
    _ = try stage.end("a")
  }

  @Test func inTheTurnOfTheSubmitAnotherClientSeesAsLittle() throws {
    let stage = try JobsStage(clients: "[[client]]\ncertificate = \"*\"\n")
    let (id, other) = (JobID("a")!, Self.client("CN=other"))
    // Asked before there is such a job, answered when there is.
    let early = [stage.ask(.showJob(id, wait: 0), as: other), stage.ask(.openOutput(id, follow: true), as: other)]
    _ = stage.ask(.submitJob(id, JobRequest(command: ["/bin/true"])))
    let late = [stage.ask(.showJob(id, wait: 60), as: other), stage.ask(.cancelJob(id), as: other)]
    try stage.reactor.turns(until: "answers") { (early + late).allSatisfy { $0.answer != nil } }
    #expect((early + late).map { $0.problem } == Array(repeating: ProblemKind.forbidden, count: 4))
    #expect(try stage.end("a").state == .succeeded)
  }

  @Test func aRenewedCertificateHasTheJobsOfTheOneBefore() throws {
    let stage = try JobsStage(clients: "[[client]]\ncertificate = \"*\"\n")
    _ = try stage.submit("a", "/bin/true")
    _ = try stage.end("a")
    let renewed = VerifiedClient(
      ClientIdentity(subject: "CN=scheduler", thumbprint: Thumbprint(repeating: "11")))
    #expect(try stage.answer(.showJob(JobID("a")!, wait: 0), as: renewed).status?.state == .succeeded)
    guard case .jobs(let page) = try stage.answer(.listJobs(JobFilter()), as: renewed).answer else {
      Issue.record("no list")
      return
    }
    #expect(page.jobs.count == 1)
    // Nobody's subject is not everybody's.
    let nameless = [Self.zeros, Thumbprint(repeating: "11")].map {
      VerifiedClient(ClientIdentity(subject: "", thumbprint: $0))
    }
    let job = JobRequest(command: ["/bin/true"])
    _ = try stage.answer(.submitJob(JobID("b")!, job), as: nameless[0])
    #expect(try stage.answer(.showJob(JobID("b")!, wait: 0), as: nameless[1]).problem == .forbidden)
    #expect(try stage.answer(.showJob(JobID("b")!, wait: 60), as: nameless[0]).status?.state == .succeeded)
  }

  @Test func aCertificateWithMoreNamesThanAreLookedAtIsForNoRule() throws {
    let stage = try JobsStage(clients: "[[client]]\ncertificate = \"*\"\n")
    let client = VerifiedClient(ClientIdentity(subject: "CN=scheduler", thumbprint: Self.zeros), names: nil)
    #expect(try stage.answer(.showAgent, as: client).problem == .forbidden)
    #expect(try stage.answer(.showAgent).answer == .permitted)
  }

  private static func text(_ asked: JobsStage.Asked) -> String {
    switch asked.answer {
    case nil: "waits"
    case .permitted: "permitted"
    case .job(let status, _): status.state.rawValue
    case .jobs(let page): "\(page.jobs.count) jobs"
    case .output: "output"
    case .deleted: "deleted"
    case .events(let batch): "\(batch.changes.count) events"
    case .metrics: "metrics"
    case .problem(let problem): problem.kind.rawValue
    }
  }
}
