import AgentProtocol
import FoundationEssentials
import Glibc
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SupervisorLink
import SystemCalls
import TestSupport
import Values

@testable import Listener

/// A connection to the HTTP layer, without network and TLS, with a supervisor that answers everything except requests about the job `slow`.
final class MemoryConnection {
  private let loop = EmbeddedEventLoop()
  private let channel: EmbeddedChannel
  private let supervisor = AnsweringSupervisor()
  private(set) var received: [UInt8] = []

  init(_ version: ApplicationProtocol) throws {
    let agent = AgentDocument(
      AgentStatus(
        name: "a", version: "1", time: Timestamp(milliseconds: 0), certificateThumbprint: Thumbprint(repeating: "cd"),
        certificateNotAfter: Timestamp(milliseconds: 0), maxRunning: 4, maxQueued: 9, running: 1, queued: 2))
    var log = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
    log.logLevel = .trace
    let services = Services(
      supervisor: supervisor, agent: agent, outputs: OutputWatcher(), limits: HTTPLimits(), log: log)
    let http = HTTPPipeline(
      services: services, loopServices: LoopServices(), client: AnsweringSupervisor.client, isDraining: false)
    channel = EmbeddedChannel(loop: loop)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    try channel.pipeline.syncOperations.addHandlers(version == .http1 ? http.http1() : http.http2(on: loop))
  }

  deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

  /// The commands that requests caused. Waiting for the end of a job is excluded: it follows an earlier request.
  var commands: [JobCommand] { supervisor.asked.filter { !$0.waitsForTheEnd } }

  func send(_ bytes: [UInt8], inPiecesOf size: Int = .max) {
    var rest = bytes[...]
    while !rest.isEmpty {
      _ = try? channel.writeInbound(ByteBuffer(bytes: rest.prefix(size)))
      rest = rest.dropFirst(size)
      receive()
    }
  }

  /// Whatever a client has sent, the connection ends when it is silent.
  func checkEnd() {
    loop.advanceTime(by: .hours(3))
    receive()
    promise(!channel.isActive, "a silent connection ends")
  }

  private func receive() {
    loop.run()
    while let part = try? channel.readOutbound(as: IOData.self) {
      if case .byteBuffer(let bytes) = part { received += bytes.readableBytesView }
    }
  }
}

extension JobCommand {
  var waitsForTheEnd: Bool {
    if case .showJob(_, JobStatus.maximumWait) = self { true } else { false }
  }
}

/// All jobs exist, have ended (except `running`, which ends when asked about its end) and have written a few bytes.
private final class AnsweringSupervisor: SupervisorContact, @unchecked Sendable {  // used by one thread
  static let client = VerifiedClient(
    ClientIdentity(subject: "CN=scheduler", thumbprint: Thumbprint(repeating: "ab")))
  private(set) var asked: [JobCommand] = []
  private var open: [UInt64: EventLoopPromise<Answered>] = [:]

  func ask(_ command: JobCommand, for client: VerifiedClient, on loop: any EventLoop) -> Inquiry {
    promise(client == Self.client, "nothing in a request changes who asks")
    let (number, answer) = (UInt64(asked.count), loop.makePromise(of: Answered.self))
    asked.append(command)
    if let answered = self.answer(to: command) { answer.succeed(answered) } else { open[number] = answer }
    return Inquiry(number: number, answer: answer.futureResult)
  }

  func report(_ message: ListenerMessage) -> Bool { true }

  func abandon(_ inquiry: Inquiry) {
    open.removeValue(forKey: inquiry.number)?.fail(Problem(.unavailable, "the request was abandoned"))
  }

  private func answer(to command: JobCommand) -> Answered? {
    switch command {
    case .showJob(let id, _) where id.description == "slow": nil
    case .submitJob(let id, _, _):
      Answered(answer: JobAnswer.job(Self.job(id), created: true).onTheLink, descriptors: [])
    case .showJob(let id, let wait):
      Answered(answer: JobAnswer.job(Self.job(id, isAtEnd: wait > 0), created: false).onTheLink, descriptors: [])
    case .cancelJob(let id): Answered(answer: JobAnswer.job(Self.job(id), created: false).onTheLink, descriptors: [])
    case .listJobs:
      Answered(answer: .jobs(JobPageDocument(jobs: JSONWriter(), count: 0, cursor: nil)), descriptors: [])
    case .showAgent: Answered(answer: .permitted, descriptors: [])
    case .showMetrics: Answered(answer: .metrics(Self.figures), descriptors: [])
    // An event stream never ends, and requests after it get no answer.
    case .nextEvents: Answered(answer: .problem(Problem(.unavailable, "no events here")), descriptors: [])
    case .deleteJob: Answered(answer: .deleted, descriptors: [])
    case .openOutput(let id, _, _): Answered(answer: .output(Self.job(id), watch: nil), descriptors: [Self.output()])
    }
  }

  private static func job(_ id: JobID, isAtEnd: Bool = false) -> JobStatus {
    var job = JobStatus(
      accepted: id, command: ["/bin/true"], user: "nobody", client: client.identity, at: Timestamp(milliseconds: 0),
      labels: [:])
    job.state = id.description == "running" && !isAtEnd ? .running : .succeeded
    return job
  }

  private static let figures = HostFigures(
    startedAt: Timestamp(milliseconds: 0), capacity: Capacity(maxRunning: 4, maxQueued: 9, running: 1, queued: 2))

  private static func output() -> SystemCalls.FileDescriptor {
    do { return try .open(outputPath, O_RDONLY) } catch { fatalError("no output: \(error)") }
  }

  private static let outputPath = Run.write("output", "some output\n")
}
