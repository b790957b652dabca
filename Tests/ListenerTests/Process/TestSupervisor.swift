import AgentProtocol
import Dispatch
import Glibc
import SupervisorLink
import Synchronization
import SystemCalls

/// The supervisor's end of the link: answers according to the test's script and records what it receives.
final class TestSupervisor: Sendable {
  /// An answer with its descriptors.
  typealias Reply = (answer: JobAnswer, descriptors: [FileDescriptor])
  /// The immediate answer; `nil` to answer later or never.
  typealias Script = @Sendable (UInt64, VerifiedClient, JobCommand) -> Reply?

  private struct State {
    var messages: [ListenerMessage] = []
    var writer: LinkWriter<SupervisorMessage>
    var hasEnded = false
  }

  private let socket: FileDescriptor
  private let inbox: FileDescriptor
  private let outbox: FileDescriptor
  private let script: Script
  private let state: Mutex<State>

  init(_ socket: FileDescriptor, _ script: @escaping Script) throws(SystemError) {
    self.socket = socket
    (inbox, outbox) = try FileDescriptor.pipe()
    self.script = script
    state = Mutex(State(writer: LinkWriter(socket)))
    DispatchQueue(label: "supervisor").async { self.read() }
  }

  /// Sends the first message, with the listener's outgoing pipe before the other descriptors.
  func configure(_ material: ListenerMaterial, _ descriptors: [FileDescriptor]) throws {
    try send(.configure(material), [outbox] + descriptors)
    outbox.close()
  }

  func send(_ message: SupervisorMessage, _ descriptors: [FileDescriptor] = []) throws {
    try state.withLock { state in
      try state.writer.enqueue(message, descriptors: descriptors)
      _ = try state.writer.flush()
    }
  }

  func answer(_ number: UInt64, _ answer: JobAnswer, _ descriptors: [FileDescriptor] = []) throws {
    try send(.answer(number, answer.onTheLink), descriptors)
  }

  /// Closes the link, like the death of the supervisor.
  func hangUp() { shutdown(socket.raw, Int32(SHUT_RDWR)) }

  /// The listener's verdict on its configuration; `nil` until it has sent one.
  var verdict: ListenerMessage? {
    state.withLock { state in
      state.messages.first { message in
        switch message {
        case .ready, .unusable: true
        case .request, .abandon, .admitted, .alive, .judged: false
        }
      }
    }
  }

  /// The first message received.
  var first: ListenerMessage? { state.withLock { $0.messages.first } }

  var requests: [(number: UInt64, client: VerifiedClient, command: JobCommand)] {
    state.withLock { state in
      state.messages.compactMap { message in
        if case .request(let number, let client, let command) = message { (number, client, command) } else { nil }
      }
    }
  }

  var abandoned: [UInt64] {
    state.withLock { state in
      state.messages.compactMap { if case .abandon(let number) = $0 { number } else { nil } }
    }
  }

  /// How often the listener reported that it is alive.
  var signsOfLife: Int {
    state.withLock { state in state.messages.count { if case .alive = $0 { true } else { false } } }
  }

  /// The clients that the listener reported.
  var admitted: [AdmittedClient] {
    state.withLock { state in
      state.messages.compactMap { if case .admitted(let client) = $0 { client } else { nil } }
    }
  }

  private func read() {
    var reader = LinkReader<ListenerMessage>(pipe: inbox)
    while (try? reader.receive()) == .received {
      while let (message, _) = try? reader.next() {
        state.withLock { $0.messages.append(message) }
        if case .request(let number, let client, let command) = message, let reply = script(number, client, command) {
          try? answer(number, reply.answer, reply.descriptors)
        }
      }
    }
    state.withLock { $0.hasEnded = true }
  }
}
