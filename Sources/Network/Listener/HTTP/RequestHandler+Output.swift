import AgentProtocol
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import SupervisorLink
import SystemCalls

// Sends output from the file to the client, as fast as the client reads and no faster.
extension RequestHandler {
  /// The number of bytes sent before other connections of the event loop get a turn.
  private static let turnBytes = 1 << 20

  func startTransfer(_ answered: Answered, _ part: Request.OutputPart, _ question: Question) throws(RequestRefusal) {
    if case .problem(let problem) = answered.answer { throw RequestRefusal(problem) }
    guard case .output(let job, let watch) = answered.answer, let file = answered.descriptors.first else {
      throw RequestRefusal(.fault, "the supervisor answered without output")
    }
    let size: Int64
    do { size = Int64(try file.status("output").st_size) } catch {
      throw RequestRefusal(.fault, "the output cannot be read")
    }
    if case .follow(let offset) = part, !job.state.isFinal {
      let allowance = try services.allowances.take(.followers, for: client)
      follow(job, OutputTransfer(following: file, from: offset, question.form, allowance), watch)
    } else {
      try sendPart(file, part, size, question.form)
    }
  }

  private func sendPart(
    _ file: FileDescriptor, _ part: Request.OutputPart, _ size: Int64, _ form: AnswerForm
  ) throws(RequestRefusal) {
    guard let range = part.resolved(size: size) else {
      var refusal = RequestRefusal(.rangeNotSatisfiable, "the output has \(size) bytes")
      refusal.size = size
      throw refusal
    }
    var fields = [
      ("Content-Type", "application/octet-stream"), ("Content-Length", String(range.count)), ("Accept-Ranges", "bytes"),
    ]
    var status = HTTPResponseStatus.ok
    if case .range = part {
      status = .partialContent
      fields.append(("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"))
    }
    writeHead(status, fields, form)
    if form.isHead { return finish(form) }
    state = .sending(OutputTransfer(file, range, form))
    // The head is sent with the first bytes, if those can be sent.
    if context?.channel.isWritable == false { context?.flush() }
    pump()
  }

  private func follow(_ job: JobStatus, _ transfer: OutputTransfer, _ watch: Int32?) {
    // Without a length: chunked in HTTP/1.1, until the connection closes in HTTP/1.0.
    writeHead(.ok, [("Content-Type", "application/octet-stream")], transfer.form)
    if transfer.form.isHead { return finish(transfer.form) }
    if isDraining { return close() }
    context?.flush()
    state = .sending(transfer)
    guard let loop = context?.eventLoop else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    if let watch {
      transfer.watch = services.outputs.watch(watch, on: loop) { bound.value.pump() }
    } else {
      transfer.poll = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
        bound.value.pump()
      }
    }
    awaitEnd(of: job.id, transfer)
    pump()
  }

  private func awaitEnd(of id: JobID, _ transfer: OutputTransfer) {
    guard let loop = context?.eventLoop else { return }
    let inquiry = services.supervisor.ask(.showJob(id, wait: JobStatus.maximumWait), for: client, on: loop)
    transfer.awaitedEnd = inquiry
    inquiry.answer.assumeIsolated().whenComplete { self.followed(id, inquiry.number, $0) }
  }

  private func followed(_ id: JobID, _ number: UInt64, _ result: Result<Answered, any Error>) {
    guard case .sending(let transfer) = state, transfer.awaitedEnd?.number == number else { return }
    transfer.awaitedEnd = nil
    guard case .success(let answered) = result, case .jobDocument(let json, _) = answered.answer,
      let job = try? JSONDecoder().decode(JobStatus.self, from: Data(json.utf8))
    else { return close() }
    guard job.state.isFinal else { return awaitEnd(of: id, transfer) }
    do { try transfer.jobEnded() } catch { return abort(error) }
    pump()
  }

  /// Sends as much as the client currently accepts.
  func pump() {
    guard case .sending(let transfer) = state, let context else { return }
    var left = Self.turnBytes
    while context.channel.isWritable {
      if left <= 0 { return schedulePump() }
      do throws(SystemError) {
        switch try transfer.next(&loopServices.outputBuffer) {
        case .bytes(let chunk):
          left -= chunk.readableBytes
          context.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(chunk))), promise: nil)
        case .awaitingGrowth:
          return clock.enter(.other(within: nil))
        case .complete:
          letGo(of: transfer)
          return finish(transfer.form)
        }
      } catch { return abort(error) }
      // The write may have found that the connection is closed.
      guard case .sending = state else { return }
    }
    clock.enter(.other(within: services.limits.stallTime))
  }

  private func schedulePump() {
    if isPumpScheduled { return }
    isPumpScheduled = true
    context?.eventLoop.assumeIsolated().execute {
      self.isPumpScheduled = false
      self.pump()
    }
  }

  func letGo(of transfer: OutputTransfer) {
    let (inquiry, watch) = (transfer.awaitedEnd, transfer.watch)
    transfer.awaitedEnd = nil
    transfer.watch = nil
    transfer.poll?.cancel()
    if let inquiry { services.supervisor.abandon(inquiry) }
    if let watch { services.outputs.cancel(watch) }
  }

  /// Cuts the answer off, which shows the client that it is incomplete.
  private func abort(_ error: SystemError) {
    services.log.error("the rest of the output cannot be read", metadata: ["error": "\(error)"])
    close()
  }
}

extension Request.OutputPart {
  /// Returns the bytes of a file that no longer grows; `nil` if the part lies outside it.
  fileprivate func resolved(size: Int64) -> Range<Int64>? {
    switch self {
    case .from(let offset), .follow(let offset): offset <= size ? offset..<size : nil
    case .range(let range): range.resolved(size: size)
    }
  }
}
