import AgentProtocol
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing
import Values

/// A change in the protocol between the programs requires another `Build.contract`: LinkContract.txt describes the current number. Whoever
/// changes the contract raises the number; `make docs` then rewrites the file.
struct LinkContractIsNumbered {
  @Test func theDocumentsAreUpToDate() throws {
    let path = "\(BuiltProduct.packageFolder)/Tests/SupervisorTests/LinkContract.txt"
    let text = try Self.text()
    if getenv("AGENTD_WRITE_DOCUMENTS") != nil {
      let recorded = String(decoding: (try? DurableFile.read(path, limit: 1 << 20)) ?? [], as: UTF8.self)
      try #require(
        text == recorded || !recorded.hasPrefix(Self.heading),
        "the link's contract has changed: raise Build.contract in Sources/Shared/SupervisorLink/Build.swift first")
      try DurableFile.replace(path, with: Array(text.utf8), mode: 0o644)
    }
    let recorded = String(decoding: try DurableFile.read(path, limit: 1 << 20), as: UTF8.self)
    #expect(
      text == recorded, "raise Build.contract in Sources/Shared/SupervisorLink/Build.swift, then run make docs")
  }

  private static let heading = "contract \(Build.contract)\n"

  private static func text() throws -> String {
    var lines: Set<String> = []
    for message in listeners { describe(message, in: &lines) }
    for message in supervisors { describe(message, in: &lines) }
    let order = RoleOrder(account: .init(user: 1, group: 2), descriptorLimit: 3, parent: 4).text(build: "BUILD")
    return heading + lines.sorted().map { $0 + "\n" }.joined() + "order:\n" + order
  }

  /// Adds the structure of a value's types: members with their types, even those that are `nil`; cases as far as there are values.
  private static func describe(_ value: Any, in lines: inout Set<String>) {
    let (mirror, type) = (Mirror(reflecting: value), "\(type(of: value))")
    if mirror.displayStyle == .enum, mirror.children.isEmpty { lines.insert("\(type).\(value)") }
    for child in mirror.children {
      if let label = child.label, let style = mirror.displayStyle, style == .struct || style == .enum {
        lines.insert("\(type).\(label): \(Swift.type(of: child.value))")
      }
      describe(child.value, in: &lines)
    }
  }

  private static let identity = ClientIdentity(subject: "CN=s", thumbprint: Thumbprint(repeating: "ab"))
  private static let status = JobStatus(
    accepted: JobID("j")!, command: ["/bin/true"], user: "u", client: identity, at: Timestamp(milliseconds: 0),
    labels: ["a": "b"])
  private static let trust = ClientTrust(certificates: [], roots: [], revocationLists: [])
  private static var capacity: Capacity {
    var capacity = Capacity(maxRunning: 1, maxQueued: 1, running: 0, queued: 0)
    capacity.pools = [PoolCapacity(name: "p", maxRunning: 1, running: 0, queued: 0)]
    return capacity
  }

  private static var listeners: [ListenerMessage] {
    let client = VerifiedClient(identity, names: [.dns("a"), .email("a@b"), .uri("a:b")])
      .speaking(from: "192.0.2.1:1")
    let id = JobID("j")!
    var (job, filter) = (JobRequest(command: ["/bin/true"]), JobFilter())
    (job.limits, job.stderr) = (ResourceLimits(), .separate)
    filter.label = JobLabel(name: "a", value: "b")
    let trace = TraceContext(parents: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])
    let commands: [JobCommand] = [
      .showAgent, .submitJob(id, job, trace: trace), .showJob(id, wait: 1), .listJobs(filter),
      .openOutput(id, follow: false),
      .cancelJob(id), .cancelJobs(of: "CN=s"), .deleteJob(id), .showMetrics, .refresh,
      .nextEvents(after: nil, wait: 1),
    ]
    var report = ListenerReport(
      subject: "CN=a", thumbprint: Thumbprint(repeating: "ab"), notAfter: Timestamp(milliseconds: 0), roots: [])
    report.breakages = [Breakage(time: Timestamp(milliseconds: 0), what: "it", remedy: "do")]
    report.presented = PresentedClient(client: client, refusal: nil)
    let admitted = AdmittedClient(thumbprint: identity.thumbprint, root: identity.thumbprint, certificates: ["MAA="])!
    return commands.map { .request(1, client, $0) } + [
      .ready(report), .unusable("why"), .abandon(1), .admitted(admitted), .alive, .judged([identity.thumbprint: "why"]),
    ]
  }

  private static var supervisors: [SupervisorMessage] {
    var figures = HostFigures(startedAt: Timestamp(milliseconds: 0), capacity: capacity)
    figures.ended = [.init(state: .succeeded, count: 1)]
    figures.processes = [.init(role: "listener", residentBytes: 1, cpuSeconds: 1)]
    let answers: [JobAnswer] = [
      .permitted, .jobDocument(status.json, created: status.id),
      .jobs(JobPageDocument(jobs: JSONWriter(), count: 0, cursor: nil)), .output(status, watch: 1),
      .deleted, .accepted, .cancelled(CancelledJobs(client: "CN=s")), .metrics(figures),
      .problem(Problem(.full, "why")),
    ]
    let material = ListenerMaterial(
      agentName: "a", version: "1", certificate: Thumbprint(repeating: "ab"), trust: trust, addresses: [],
      capacity: capacity, checkOnly: false)
    return answers.map { .answer(1, $0) } + [
      .configure(material), .capacity(capacity), .drain(trust, acceptingFor: 0), .probe,
      .judge([AdmittedClient(thumbprint: identity.thumbprint, root: identity.thumbprint, certificates: ["MAA="])!]),
    ]
  }
}
