import AgentProtocol
import NIOCore
import NIOHTTP1
import SupervisorLink

/// The sending of events to one client: the next are asked for when it has taken the last, so that a slow one costs nobody.
final class EventStream {
  /// Seconds between two signs of life, which are comments.
  static let heartbeat = 15.0

  let form: AnswerForm
  var position: EventPosition
  /// The question under way.
  var inquiry: Inquiry?

  init(_ form: AnswerForm, at position: EventPosition) {
    self.form = form
    self.position = position
  }
}

// Server-sent events; HTML Living Standard, section 9.2.
extension RequestHandler {
  /// Begins the stream with the first batch.
  func startEvents(_ answered: Answered, _ form: AnswerForm) throws(RequestRefusal) {
    if case .problem(let problem) = answered.answer { throw RequestRefusal(problem) }
    guard case .events(let batch) = answered.answer else {
      throw RequestRefusal(.fault, "the supervisor answered without events")
    }
    writeHead(.ok, [("Content-Type", "text/event-stream")], form)
    if form.isHead { return finish(form) }
    if isDraining { return close() }
    let stream = EventStream(form, at: batch.position)
    state = .watching(stream)
    // The place without an event, so that a client that is cut off before the first one can go on here.
    sendEvents("id: \(batch.position)\n\n" + ServerSentEvents.text(batch))
    nextEvents()
  }

  /// Asks for the next events, if the client takes them.
  func nextEvents() {
    guard case .watching(let stream) = state, stream.inquiry == nil, let context else { return }
    guard context.channel.isWritable else { return clock.enter(.other(within: services.limits.stallTime)) }
    clock.enter(.other(within: nil))
    let command = JobCommand.nextEvents(after: stream.position, wait: EventStream.heartbeat)
    let inquiry = services.supervisor.ask(command, for: client, on: context.eventLoop)
    stream.inquiry = inquiry
    inquiry.answer.assumeIsolated().whenComplete { self.happened(inquiry.number, $0) }
  }

  private func happened(_ number: UInt64, _ result: Result<Answered, any Error>) {
    guard case .watching(let stream) = state, stream.inquiry?.number == number else { return }
    stream.inquiry = nil
    guard case .success(let answered) = result, case .events(let batch) = answered.answer else { return close() }
    stream.position = batch.position
    sendEvents(ServerSentEvents.text(batch))
    nextEvents()
  }

  private func sendEvents(_ text: String) {
    context?.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
  }
}

/// Events as text.
enum ServerSentEvents {
  /// A batch; a comment where nothing has happened.
  static func text(_ batch: EventBatch) -> String {
    if batch.isGap { return "id: \(batch.position)\nevent: gap\ndata: {}\n\n" }
    if batch.changes.isEmpty { return ": nothing new\n\n" }
    let encoder = JSONAnswer.makeEncoder()
    return batch.changes.map { numbered in
      let position = EventPosition(epoch: batch.position.epoch, number: numbered.number)
      let json = (try? encoder.encode(numbered.change)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
      return "id: \(position)\nevent: state\ndata: \(json)\n\n"
    }.joined()
  }
}
