import AgentProtocol
import NIOCore
import NIOHTTP1
import SupervisorLink

/// An event stream to one client. The next events are requested once the client has read the last, so a slow client costs nothing.
final class EventStream {
  /// Seconds between keep-alive comments.
  static let heartbeat = 15.0

  let form: AnswerForm
  private let allowance: Allowance
  var position: EventPosition
  /// The inquiry in progress.
  var inquiry: Inquiry?

  init(_ form: AnswerForm, _ allowance: Allowance, at position: EventPosition) {
    self.form = form
    self.allowance = allowance
    self.position = position
  }
}

// Server-sent events; HTML Living Standard, section 9.2.
extension RequestHandler {
  /// Starts the stream with the first batch.
  func startEvents(_ answered: Answered, _ form: AnswerForm) throws(RequestRefusal) {
    if case .problem(let problem) = answered.answer { throw RequestRefusal(problem) }
    guard case .events(let batch) = answered.answer else {
      throw RequestRefusal(.fault, "the supervisor answered without events")
    }
    let allowance = try services.allowances.take(.eventStreams, for: client)
    writeHead(.ok, [("Content-Type", "text/event-stream")], form)
    if form.isHead { return finish(form) }
    if isDraining { return close() }
    let stream = EventStream(form, allowance, at: batch.position)
    state = .watching(stream)
    // A position without an event, so that a client that is cut off before the first event can resume here.
    sendEvents("id: \(batch.position)\n\n" + ServerSentEvents.text(batch))
    nextEvents()
  }

  /// Requests the next events if the client can accept them.
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

/// The text form of events.
enum ServerSentEvents {
  /// Returns the text of a batch; a comment if nothing has happened.
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
