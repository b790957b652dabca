import AgentProtocol
import FoundationEssentials
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Who asked what, about what, as whom, and the answer: one line each, whatever the names contain.
struct EveryDecisionIsInTheAuditLog {
  /// A listener played by the test, in front of real jobs.
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
    job.directory = "/srv"
    try stage.ask(1, .submitJob(JobID("a")!, job), as: JobsStage.client.speaking(from: "192.0.2.7:4711"))
    _ = try stage.answer(1)
    let user = geteuid() == 0 ? "nobody" : stage.jobs.jobs.policy.ownUser
    // Computed with sha256sum(1) from {"command":["/bin/true","secret argument"],"directory":"/srv",...}.
    let digest = try sha256sum(
      #"{"command":["/bin/true","secret argument"],"directory":"/srv","environment":{},"kill_grace":10,"labels":{},"login":false}"#
    )
    #expect(
      stage.jobs.lines.all.contains(
        "info submitJob address=192.0.2.7:4711 answer=created arguments='secret argument' client=CN=scheduler directory=/srv "
          + "job=a program=/bin/true request_sha256=\(digest) thumbprint=\(Self.zeros) user=\(user)"),
      "\(stage.jobs.lines.all)")
    job.user = "root"
    try stage.ask(2, .submitJob(JobID("b")!, job))
    guard case .problem(let problem) = try stage.answer(2) else {
      Issue.record("not refused")
      return
    }
    #expect(problem.kind == .forbidden)
    #expect(
      stage.jobs.lines.all.contains {
        $0.hasPrefix(
          "notice submitJob answer=forbidden arguments='secret argument' client=CN=scheduler detail=jobs are not run as root"
        )
          && $0.contains(" directory=/srv job=b program=/bin/true ")
          && $0.hasSuffix(" thumbprint=\(Self.zeros) user=root")
      }, "\(stage.jobs.lines.all)")
  }

  @Test func aScriptByItsDigestAndLongArgumentsCut() throws {
    let stage = try Stage()
    try stage.ask(1, .submitJob(JobID("a")!, JobRequest(script: "echo it's\n")))
    _ = try stage.answer(1)
    let line = stage.jobs.lines.all.first { $0.hasPrefix("info submitJob") }
    #expect(line?.contains("script_sha256=\(try sha256sum("echo it's\n"))") == true, "\(line ?? "")")
    let long = ["/bin/true", "it's", String(repeating: "x", count: 5000), "never"]
    try stage.ask(2, .submitJob(JobID("b")!, JobRequest(command: long)))
    _ = try stage.answer(2)
    let cut = stage.jobs.lines.all.first { $0.contains("job=b") }
    #expect(cut?.contains("arguments='it'\\''s' x") == true && cut?.contains("x... client") == true, "\(cut ?? "")")
    #expect(cut?.contains("never") == false && cut.map { $0.utf8.count < 2000 } == true)
  }

  private func sha256sum(_ text: String) throws -> String {
    let folder = try TemporaryFolder()
    let (output, writing) = try FileDescriptor.pipe()
    let input = try FileDescriptor.open(try folder.write("text", text), O_RDONLY)
    let process = try Program("sha256sum", arguments: ["sha256sum"], descriptors: [input, writing, nil]).start()
    writing.close()
    defer { waitpid(process.processID, nil, 0) }
    return String(decoding: try output.readAll(limit: 1000).prefix(64), as: UTF8.self)
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
          + "program=/bin/true request_sha256=\(JobRequest(command: ["/bin/true"]).digest) rule=agentd.toml:4 thumbprint=\(Self.zeros)",
        "notice listJobs answer=forbidden client=CN=stranger detail=no rule of this agent matches this client "
          + "rule=none thumbprint=\(Self.zeros)",
      ])
  }

  @Test func aRequestNumberUsedTwiceEndsTheListener() throws {
    let stage = try Stage()
    try stage.ask(1, .submitJob(JobID("a")!, JobRequest(command: stage.jobs.untilReleased())))
    _ = try stage.answer(1)
    // The number is free again after the answer.
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
    try stage.fakes[0].outbox.writeAll(frame(payload.replacing(good, with: part).utf8))
    try stage.jobs.reactor.turns(until: "another listener") { stage.fakes.count == 2 }
    #expect(stage.jobs.lines.all.contains { $0.contains(logged) })
  }

  @Test func aChangeIsRecordedThoughNobodyWaitsForItsAnswer() throws {
    let stage = try Stage()
    try stage.ask(1, .submitJob(JobID("a")!, JobRequest(command: ["/bin/true"])))
    _ = try stage.answer(1)
    _ = try stage.jobs.end("a")
    // Both are read in one turn, before the deletion is durable.
    try stage.ask(2, .deleteJob(JobID("a")!))
    try stage.fakes[0].send(.abandon(2))
    try stage.jobs.reactor.turns(until: "it is recorded") {
      stage.jobs.lines.all.contains { $0.hasPrefix("info deleteJob answer=deleted") && $0.contains(" job=a ") }
    }
    #expect(try stage.jobs.answer(.showJob(JobID("a")!, wait: 0)).problem == .notFound)
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
    guard case .jobDocument(let json, created: nil) = try stage.answer(3) else {
      Issue.record("no status")
      return
    }
    #expect(json.contains("\"state\":\"succeeded\"") && stage.requests.openCount == 0)
  }
}
