import AgentProtocol
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import SupervisorLink
import Synchronization
import SystemCalls
import TestSupport
import Values

@testable import Listener

/// A supervisor whose answers come from the test.
final class ScriptedSupervisor: SupervisorContact {
  struct Asked {
    var command: JobCommand
    var client: VerifiedClient
    var promise: EventLoopPromise<Answered>
  }

  private struct State {
    var asked: [Asked] = []
    var abandoned: [UInt64] = []
  }

  private let state = Mutex(State())
  private let script: @Sendable (JobCommand) -> JobAnswer?

  /// - Parameter script: the immediate answer; `nil` to answer later or not at all.
  init(_ script: @escaping @Sendable (JobCommand) -> JobAnswer? = { _ in nil }) {
    self.script = script
  }

  func ask(_ command: JobCommand, for client: VerifiedClient, on loop: any EventLoop) -> Inquiry {
    let promise = loop.makePromise(of: Answered.self)
    let number = state.withLock { state in
      state.asked.append(Asked(command: command, client: client, promise: promise))
      return UInt64(state.asked.count - 1)
    }
    if let answer = script(command) { promise.succeed(Answered(answer: answer.onTheLink, descriptors: [])) }
    return Inquiry(number: number, answer: promise.futureResult)
  }

  func abandon(_ inquiry: Inquiry) {
    let promise = state.withLock { state in
      state.abandoned.append(inquiry.number)
      return state.asked[Int(inquiry.number)].promise
    }
    promise.fail(Problem(.unavailable, "the request was abandoned"))
  }

  func report(_ message: ListenerMessage) -> Bool { true }

  var commands: [JobCommand] { state.withLock { $0.asked.map(\.command) } }
  var clients: [VerifiedClient] { state.withLock { $0.asked.map(\.client) } }
  var abandoned: [UInt64] { state.withLock { $0.abandoned } }

  func answer(_ number: Int, _ answer: JobAnswer, _ descriptors: [SystemCalls.FileDescriptor] = []) {
    state.withLock { $0.asked[number].promise }.succeed(Answered(answer: answer.onTheLink, descriptors: descriptors))
  }
}

/// A connection to the HTTP layer, without network and TLS: raw bytes in, raw bytes out.
final class Conversation {
  static let client = VerifiedClient(
    ClientIdentity(subject: "CN=scheduler", thumbprint: Thumbprint(repeating: "ab")))

  let loop: EmbeddedEventLoop
  let channel: EmbeddedChannel
  let supervisor: ScriptedSupervisor
  let outputs = OutputWatcher()
  let agent = AgentDocument(
    AgentStatus(
      name: "agent-1", version: "1.2.3", time: Timestamp(milliseconds: 0),
      certificateThumbprint: Thumbprint(repeating: "cd"),
      certificateNotAfter: Timestamp(milliseconds: 1_800_000_000_000), maxRunning: 4, maxQueued: 9, running: 1,
      queued: 2
    ))

  init(
    _ supervisor: ScriptedSupervisor = ScriptedSupervisor(), limits: HTTPLimits = HTTPLimits(),
    isDraining: Bool = false, clientsAreRuled: Bool = false, client: VerifiedClient = Conversation.client,
    allowances: Allowances? = nil, _ version: ApplicationProtocol = .http1
  ) throws {
    self.supervisor = supervisor
    loop = EmbeddedEventLoop()
    let services = Services(
      supervisor: supervisor, agent: agent, outputs: outputs, limits: limits, clientsAreRuled: clientsAreRuled,
      log: Logger(label: "test"), allowances: allowances)
    let http = HTTPPipeline(
      services: services, loopServices: LoopServices(), client: client, isDraining: isDraining)
    channel = EmbeddedChannel(loop: loop)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    try channel.pipeline.syncOperations.addHandlers(version == .http1 ? http.http1() : http.http2(on: loop))
  }

  deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

  /// Whether the listener has left the connection open.
  var isOpen: Bool { channel.isActive }

  /// Sends bytes in one piece. Errors that the parser finds show in the answer.
  func send(_ text: String) {
    send(bytes: Array(text.utf8))
  }

  func send(bytes: [UInt8]) {
    _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
    loop.run()
  }

  /// Returns all bytes received since the last call.
  func received() -> String { String(decoding: receivedBytes(), as: UTF8.self) }

  func receivedBytes() -> [UInt8] {
    loop.run()
    var all: [UInt8] = []
    while let part = try? channel.readOutbound(as: IOData.self) {
      if case .byteBuffer(let bytes) = part { all += Array(bytes.readableBytesView) }
    }
    return all
  }

  /// Sends a request and returns the complete answer.
  func exchange(_ text: String) -> Answer {
    send(text)
    return Answer(received())
  }
}

/// An answer, parsed by the test's own simple parser.
struct Answer {
  var status = 0
  var fields: [String: String] = [:]
  var body = ""

  init(_ text: String) {
    let halves = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = halves[0].split(separator: "\r\n")
    guard let first = lines.first, first.hasPrefix("HTTP/1.") else { return }
    status = first.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    for line in lines.dropFirst() {
      let parts = line.split(separator: ": ", maxSplits: 1)
      fields[parts[0].lowercased()] = parts.count > 1 ? String(parts[1]) : ""
    }
    body = halves.count > 1 ? String(halves[1]) : ""
  }
}

extension JobStatus {
  /// A job in `state`.
  static func sample(_ id: String = "j1", _ state: JobState = .running) throws -> JobStatus {
    let id = try JSONValue.id(id)
    var job = JobStatus(
      accepted: id, command: ["/bin/true"], user: "nobody", client: Conversation.client.identity,
      at: Timestamp(milliseconds: 1_700_000_000_000), labels: [:])
    job.state = state
    return job
  }
}

enum JSONValue {
  struct NotAnID: Error {}

  static func id(_ text: String) throws -> JobID {
    guard let id = JobID(text) else { throw NotAnID() }
    return id
  }
}
