import NIOCore

/// Limits the time of each phase of a connection, with a single timer that is moved only if it would fire too late.
///
/// It sits in front of the parser, where it sees the first byte of a request; in HTTP/2 the connection and each stream have one. When a
/// phase takes too long, it sends `RequestClock.Expired` down the pipeline. The request handler sets the phase.
final class RequestClock: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// The current phase took too long.
  struct Expired: Sendable {}

  /// What the connection waits for.
  enum Phase: Equatable {
    /// The first byte of a request.
    case idle
    /// The end of a head.
    case head
    /// The end of a body.
    case body
    /// Something that ends without the client, with or without a limit.
    case other(within: TimeAmount?)
  }

  private let limits: HTTPLimits
  private var idleTime: TimeAmount
  private var context: ChannelHandlerContext?
  private var phase: Phase
  private var phaseBegan = NIODeadline.uptimeNanoseconds(0)
  private var timer: Scheduled<Void>?
  private var timerDue = NIODeadline.distantFuture

  private let seesHeads: Bool

  /// - Parameters:
  ///   - first: the initial phase.
  ///   - seesHeads: whether the first byte in an `idle` phase begins a head. In HTTP/2 it may belong to another frame.
  init(_ limits: HTTPLimits, first: Phase = .idle, seesHeads: Bool = true) {
    self.limits = limits
    self.seesHeads = seesHeads
    phase = first
    idleTime = limits.idleTime
  }

  /// Enters a phase, or restarts the current one.
  func enter(_ phase: Phase) {
    self.phase = phase
    phaseBegan = now
    arm()
  }

  /// Returns whether nothing has been received for at least `time`.
  func isIdle(for time: TimeAmount) -> Bool { phase == .idle && phaseBegan + time <= now }

  /// Sets the maximum duration of `idle` phases to `time`, including the current one.
  func boundIdleTime(_ time: TimeAmount) {
    idleTime = time
    arm()
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    enter(phase)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    timer?.cancel()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if seesHeads && phase == .idle {
      phase = .head
      phaseBegan = now
    }
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Almost every head arrives in one piece and so never sets a timer.
    if phase == .head { arm() }
    context.fireChannelReadComplete()
  }

  private var now: NIODeadline { context?.eventLoop.now ?? .now() }

  private var due: NIODeadline {
    switch phase {
    case .idle: phaseBegan + idleTime
    case .head: phaseBegan + limits.headTime
    case .body: phaseBegan + limits.bodyTime
    case .other(let time): time.map { phaseBegan + $0 } ?? .distantFuture
    }
  }

  private func arm() {
    let due = due
    guard due < timerDue, let context else { return }
    timer?.cancel()
    timerDue = due
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.fired() }
  }

  private func fired() {
    timer = nil
    timerDue = .distantFuture
    if due <= now {
      context?.fireUserInboundEventTriggered(Expired())
    } else {
      arm()
    }
  }
}
