import AgentProtocol
import FoundationEssentials
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Who asked what, about what, as whom, and what was answered: one line each, whatever the names contain.
struct EveryDecisionIsInTheAuditLog {
  /// A listener that the test plays, before real jobs.
  final class Stage {
    let jobs: JobsStage
    let requests: ListenerRequests
    let supervision: ListenerSupervision
    let host: ScratchHost
    private(set) var fakes: [FakeListener] = []
    private var reader: LinkReader<SupervisorMessage>?

    init(clients: String = "") throws {
      jobs = try JobsStage(clients: clients)
      host = try ScratchHost()
      let clients = RecordedClients(path: host.folder.path("clients"), on: jobs.reactor, log: jobs.lines.log)
      requests = ListenerRequests(jobs.jobs, clients, log: jobs.lines.log)
      var started: (FakeListener) -> Void = { _ in }
      supervision = ListenerSupervision(on: jobs.reactor, log: jobs.lines.log, clientele: requests) {
        _ throws(SystemError) in
        let (fake, launched) = try FakeListener.start()
        started(fake)
        return launched
      }
      started = { [unowned self] in fakes.append($0) }
      var ready = false
      try supervision.start(try ServingMaterial.load(host.options), []) { _ in ready = true }
      try fakes[0].send(
        .ready(
          ListenerReport(
            subject: "CN=a", thumbprint: Thumbprint(repeating: "ab"), notAfter: Timestamp(milliseconds: 0), roots: [])))
      try jobs.reactor.turns(until: "it serves") { ready }
      try fakes[0].link.setNonBlocking(true)
      reader = LinkReader(fakes[0].link)
    }

    func ask(_ number: UInt64, _ command: JobCommand, as client: VerifiedClient = JobsStage.client) throws {
      try fakes[0].send(.request(number, client, command))
    }

    func answer(_ number: UInt64) throws -> JobAnswer {
      var found: JobAnswer?
      try jobs.reactor.turns(until: "answer \(number)") {
        _ = try? reader?.receive()
        while let (message, _) = try? reader?.next() {
          if case .answer(number, let answer) = message { found = answer }
        }
        return found != nil
      }
      return try #require(found)
    }
  }

  private static let zeros = String(repeating: "0", count: 64)

  @Test func aSubmitAndARefusal() throws {
    let stage = try Stage()
    var job = JobRequest(command: ["/bin/true", "secret argument"])
    try stage.ask(1, .submitJob(JobID("a")!, job))
    _ = try stage.answer(1)
    let user = geteuid() == 0 ? "nobody" : stage.jobs.jobs.policy.ownUser
    #expect(
      stage.jobs.lines.all.contains(
        "info submitJob answer=created client=CN=scheduler job=a program=/bin/true thumbprint=\(Self.zeros) user=\(user)"
      ))
    job.user = "root"
    try stage.ask(2, .submitJob(JobID("b")!, job))
    guard case .problem(let problem) = try stage.answer(2) else {
      Issue.record("not refused")
      return
    }
    #expect(problem.kind == .forbidden)
    #expect(
      stage.jobs.lines.all.contains {
        $0.hasPrefix("notice submitJob answer=forbidden client=CN=scheduler detail=")
          && $0.hasSuffix("job=b program=/bin/true thumbprint=\(Self.zeros) user=root")
      })
    #expect(!stage.jobs.lines.all.contains { $0.contains("secret argument") })
  }

  @Test func withTheRuleThatDecided() throws {
    let stage = try Stage(clients: "[[client]]\ncertificate = \"CN=scheduler\"\nread_only = true\n")
    let job = JobRequest(command: ["/bin/true"])
    try stage.ask(1, .submitJob(JobID("a")!, job))
    _ = try stage.answer(1)
    let stranger = VerifiedClient(ClientIdentity(subject: "CN=stranger", thumbprint: Thumbprint(repeating: "00")))
    try stage.ask(2, .listJobs(JobFilter()), as: stranger)
    _ = try stage.answer(2)
    let lines = stage.jobs.lines.all.filter { $0.contains("answer=forbidden") }
    #expect(
      lines == [
        "notice submitJob answer=forbidden client=CN=scheduler detail=this client may only look at jobs job=a "
          + "program=/bin/true rule=agentd.toml:4 thumbprint=\(Self.zeros)",
        "notice listJobs answer=forbidden client=CN=stranger detail=no rule of this agent matches this client "
          + "rule=none thumbprint=\(Self.zeros)",
      ])
  }

  @Test func aRequestNumberUsedTwiceEndsTheListener() throws {
    let stage = try Stage()
    try stage.ask(1, .submitJob(JobID("a")!, JobRequest(command: stage.jobs.untilReleased())))
    _ = try stage.answer(1)
    // The number is free again once it was answered.
    try stage.ask(1, .showJob(JobID("a")!, wait: 60))
    try stage.ask(1, .showJob(JobID("a")!, wait: 60))
    try stage.jobs.reactor.turns(until: "another listener") { stage.fakes.count == 2 }
    #expect(stage.jobs.lines.all.contains { $0.contains("request 1 was sent twice") })
    #expect(stage.requests.openCount == 0)
    try stage.jobs.release()
  }

  @Test(arguments: [
    ("", zeros, "not a SHA-256 thumbprint"), ("abc", zeros, "not a SHA-256 thumbprint"),
    (String(repeating: "G", count: 64), zeros, "not a SHA-256 thumbprint"),
    (String(repeating: "0", count: 65), zeros, "not a SHA-256 thumbprint"),
    (String(repeating: "x", count: 16385), "CN=x", "an impossible client identity"),
  ])
  func anIdentityThatNoCertificateHasEndsTheListener(part: String, inPlaceOf good: String, logged: String) throws {
    let stage = try Stage()
    let identity = ClientIdentity(subject: "CN=x", thumbprint: Thumbprint(Self.zeros)!)
    let request = ListenerMessage.request(1, VerifiedClient(identity), .listJobs(JobFilter()))
    let payload = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
    try stage.fakes[0].link.writeAll(frame(payload.replacing(good, with: part).utf8))
    try stage.jobs.reactor.turns(until: "another listener") { stage.fakes.count == 2 }
    #expect(stage.jobs.lines.all.contains { $0.contains(logged) })
  }

  @Test func whatNobodyWaitsForIsNotAnswered() throws {
    let stage = try Stage()
    try stage.ask(1, .submitJob(JobID("a")!, JobRequest(command: stage.jobs.untilReleased())))
    _ = try stage.answer(1)
    try stage.ask(2, .showJob(JobID("a")!, wait: 60))
    try stage.ask(3, .showJob(JobID("a")!, wait: 60))
    try stage.fakes[0].send(.abandon(2))
    try stage.jobs.reactor.turns(until: "it is heard") { stage.requests.openCount == 1 }
    try stage.jobs.release()
    guard case .job(let status, _) = try stage.answer(3) else {
      Issue.record("no status")
      return
    }
    #expect(status.state == .succeeded && stage.requests.openCount == 0)
  }
}
