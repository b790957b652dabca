import AgentProtocol
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Values

@testable import Supervisor

/// The supervision of listeners that the test plays.
final class SupervisionStage: ListenerClientele {
  let reactor: Reactor
  let host: ScratchHost
  let lines = LogLines()
  private(set) var fakes: [FakeListener] = []
  private var readers: [LinkReader<SupervisorMessage>] = []
  private(set) var asked: [ListenerMessage] = []
  private(set) weak var heard: ListenerChild?
  private(set) var results: [Result<ListenerReport, StartFailure>] = []
  private(set) var supervision: ListenerSupervision!
  let capacity = Capacity(maxRunning: 1, maxQueued: 2, running: 0, queued: 0)

  init() throws {
    reactor = try Reactor()
    host = try ScratchHost()
    supervision = ListenerSupervision(on: reactor, log: lines.log, clientele: self) {
      [unowned self] _ throws(SystemError) in
      let (fake, launched) = try FakeListener.start()
      fakes.append(fake)
      readers.append(LinkReader(fake.link))
      return launched
    }
  }

  /// Starts a listener from the current contents of the host's files.
  func start(_ sockets: [ListeningSocket] = []) throws {
    try supervision.start(try ServingMaterial.load(host.options), sockets) { [unowned self] in results.append($0) }
  }

  /// Returns the messages sent to a listener so far.
  func messages(to fake: Int) throws -> [SupervisorMessage] {
    try fakes[fake].link.setNonBlocking(true)
    while try readers[fake].receive() == .received {}
    var messages: [SupervisorMessage] = []
    while let (message, _) = try readers[fake].next() { messages.append(message) }
    return messages
  }

  func startServing() throws {
    try start()
    try fakes[0].send(.ready(Self.report))
    try reactor.turns(until: "the listener serves") { results.count == 1 }
  }

  static let report = ListenerReport(
    subject: "CN=a", thumbprint: Thumbprint(repeating: "ab"), notAfter: Timestamp(milliseconds: 0), roots: ["CN=r"])

  func listener(_ listener: ListenerChild, asks message: ListenerMessage, bytes: Int) {
    asked.append(message)
    heard = listener
  }

  func listenerIsGone(_ listener: ListenerChild) {}
}
