import AgentProtocol
import Glibc
import JobLaunch
import SupervisorLink
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Every operation that a listener can request is checked against the rule of the requesting client: none is omitted, none is allowed by
/// default.
struct EveryOperationAsksTheRules {
  /// At least one for each `JobCommand`; a new command is missing here until `of(_:)` names it.
  enum Operation: CaseIterable {
    // The last ones may end the job of the others.
    case showAgent, showMetrics, refresh, nextEvents, permitSubmit, submitJob, showJob, waitForJob, listJobs,
      openOutput, followOutput, deleteJob, cancelJob, cancelJobs

    static func of(_ command: JobCommand) -> [Operation] {
      switch command {
      case .showAgent: [.showAgent]
      case .permitSubmit: [.permitSubmit]
      case .submitJob: [.submitJob]
      case .showJob: [.showJob, .waitForJob]
      case .listJobs: [.listJobs]
      case .openOutput: [.openOutput, .followOutput]
      case .cancelJob: [.cancelJob]
      case .cancelJobs: [.cancelJobs]
      case .deleteJob: [.deleteJob]
      case .nextEvents: [.nextEvents]
      case .showMetrics: [.showMetrics]
      case .refresh: [.refresh]
      }
    }

    func command(_ id: JobID, _ job: JobRequest) -> JobCommand {
      switch self {
      case .showAgent: .showAgent
      case .permitSubmit: .permitSubmit
      case .submitJob: .submitJob(id, job)
      case .showJob: .showJob(id, wait: 0)
      case .waitForJob: .showJob(id, wait: 60)
      case .listJobs: .listJobs(JobFilter())
      case .openOutput: .openOutput(id, follow: false)
      case .followOutput: .openOutput(id, follow: true)
      case .cancelJob: .cancelJob(id)
      case .cancelJobs: .cancelJobs(of: "CN=scheduler")
      case .deleteJob: .deleteJob(id)
      case .nextEvents: .nextEvents(after: nil, wait: 0)
      case .showMetrics: .showMetrics
      case .refresh: .refresh
      }
    }
  }

  private static let everybody = "[[client]]\ncertificate = \"*\"\ndefault_user = \"nobody\"\n"
  private static let zeros = Thumbprint(repeating: "00")
  private static func client(_ subject: String) -> VerifiedClient {
    VerifiedClient(ClientIdentity(subject: subject, thumbprint: zeros))
  }

  /// Rules under which `CN=scheduler` may do everything, and the result of each operation of `CN=other` on its job. Operations not listed
  /// are forbidden.
  struct Row: Sendable, CustomTestStringConvertible {
    let rules: String
    let answers: [Operation: String]
    var testDescription: String { rules.isEmpty ? "no table for it" : rules }
  }

  private static let rows = [
    Row(rules: "", answers: [:]),
    Row(
      rules: "read_only = true",
      answers: [
        .showAgent: "permitted", .nextEvents: "0 events", .showMetrics: "metrics",
        .refresh: "unavailable", .listJobs: "0 jobs",
        .showJob: "not-found", .waitForJob: "not-found", .openOutput: "not-found", .followOutput: "not-found",
      ]),
    Row(
      rules: "read_only = true\njobs = \"all\"",
      answers: [
        .showAgent: "permitted", .nextEvents: "0 events", .showMetrics: "metrics",
        .refresh: "unavailable", .listJobs: "1 jobs",
        .showJob: "running",
        .waitForJob: "waits", .openOutput: "output",
        .followOutput: "output",
      ]),
    Row(
      rules: "jobs = \"own\"",
      answers: [
        .showAgent: "permitted", .nextEvents: "0 events", .showMetrics: "metrics",
        .refresh: "unavailable", .permitSubmit: "permitted",
        // Its own job, with the id of the other one, about which it learns nothing.
        .submitJob: "accepted", .showJob: "running", .waitForJob: "waits", .listJobs: "1 jobs", .openOutput: "output",
        .followOutput: "output", .deleteJob: "conflict", .cancelJob: "running", .cancelJobs: "0 cancelled",
      ]),
    Row(
      rules: "jobs = \"all\"",
      answers: [
        .showAgent: "permitted", .nextEvents: "0 events", .showMetrics: "metrics",
        .refresh: "unavailable", .listJobs: "1 jobs",
        .showJob: "running",
        .waitForJob: "waits", .openOutput: "output",
        .followOutput: "output", .permitSubmit: "permitted", .submitJob: "running", .cancelJob: "running",
        .deleteJob: "conflict", .cancelJobs: "1 cancelled",
      ]),
  ]

  @Test(arguments: rows)
  func ofAnotherClientsJob(row: Row) throws {
    let theirs =
      row.rules.isEmpty ? "" : "\n[[client]]\ncertificate = \"CN=other\"\ndefault_user = \"nobody\"\n\(row.rules)\n"
    let stage = try JobsStage(
      clients: "[[client]]\ncertificate = \"CN=scheduler\"\njobs = \"all\"\ndefault_user = \"nobody\"\n" + theirs)
    let job = JobRequest(command: stage.untilReleased())
    let id = JobID("a")!
    _ = try stage.answer(.submitJob(id, job))
    for operation in Operation.allCases {
      let command = operation.command(id, job)
      #expect(Operation.of(command).contains(operation))
      let asked = stage.ask(command, as: Self.client("CN=other"))
      // A refused wait for the job's end is answered after the turn.
      if operation != .waitForJob || row.answers[.waitForJob] != "waits" {
        try stage.reactor.turns(until: "an answer") { asked.answer != nil }
      } else {
        _ = try stage.answer(.listJobs(JobFilter()))
      }
      let (answer, expected) = (Self.text(asked), row.answers[operation, default: "forbidden"])
      // The end of a cancelled job may come before the answer.
      #expect(
        answer == expected || (operation == .cancelJob && [answer, expected] == ["cancelled", "running"])
          || (operation == .cancelJobs && ["0 cancelled", "1 cancelled"].contains(answer) && expected == "1 cancelled"),
        "\(operation): \(answer), not \(expected)")
      // A refused operation has had no effect.
      if row.answers[.cancelJob] == nil { #expect(try stage.state("a") == .running) }
    }
    try stage.release()
    _ = try stage.end("a")
  }

  @Test func inTheTurnOfTheSubmitAnotherClientSeesAsLittle() throws {
    let stage = try JobsStage(clients: Self.everybody)
    let (id, other) = (JobID("a")!, Self.client("CN=other"))
    // Asked before the job exists, answered afterwards.
    let early = [stage.ask(.showJob(id, wait: 0), as: other), stage.ask(.openOutput(id, follow: true), as: other)]
    _ = stage.ask(.submitJob(id, JobRequest(command: ["/bin/true"])))
    let late = [stage.ask(.showJob(id, wait: 60), as: other), stage.ask(.cancelJob(id), as: other)]
    try stage.reactor.turns(until: "answers") { (early + late).allSatisfy { $0.answer != nil } }
    #expect((early + late).map { $0.problem } == Array(repeating: ProblemKind.notFound, count: 4))
    #expect(try stage.end("a").state == .succeeded)
  }

  @Test func aRenewedCertificateHasTheJobsOfTheOneBefore() throws {
    let stage = try JobsStage(clients: Self.everybody)
    _ = try stage.submit("a", "/bin/true")
    _ = try stage.end("a")
    let renewed = VerifiedClient(
      ClientIdentity(subject: "CN=scheduler", thumbprint: Thumbprint(repeating: "11")))
    #expect(try stage.answer(.showJob(JobID("a")!, wait: 0), as: renewed).status?.state == .succeeded)
    let page = try #require(try stage.answer(.listJobs(JobFilter()), as: renewed).page)
    #expect(page.jobs.count == 1)
    // An empty subject does not match everybody.
    let nameless = [Self.zeros, Thumbprint(repeating: "11")].map {
      VerifiedClient(ClientIdentity(subject: "", thumbprint: $0))
    }
    let job = JobRequest(command: ["/bin/true"])
    _ = try stage.answer(.submitJob(JobID("b")!, job), as: nameless[0])
    #expect(try stage.answer(.showJob(JobID("b")!, wait: 0), as: nameless[1]).problem == .notFound)
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
    case .jobs(let page): "\(page.count) jobs"
    case .jobDocument: "on the link"
    case .output: "output"
    case .deleted: "deleted"
    case .accepted: "accepted"
    case .cancelled(let jobs): "\(jobs.queued + jobs.running) cancelled"
    case .events(let batch): "\(batch.changes.count) events"
    case .metrics: "metrics"
    case .problem(let problem): problem.kind.rawValue
    }
  }
}
