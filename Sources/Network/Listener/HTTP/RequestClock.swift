import NIOCore

/// Bounds the time of each phase of a connection, with a single timer that is only moved when it would fire too late.
///
/// It sits in front of the parser, where the first byte of a request is seen; in HTTP/2, of the connection and of each
/// stream. When a phase lasts too long, it sends
/// `RequestClock.Expired` down the pipeline; the request handler says in what phase the connection is.
final class RequestClock: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// The present phase lasted too long.
  struct Expired: Sendable {}

  /// What is awaited.
  enum Phase: Equatable {
    /// The first byte of a request.
    case idle
    /// The end of a head.
    case head
    /// The end of a body.
    case body
    /// Something that ends by itself, with a bound or without.
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
  ///   - first: the phase that it begins with.
  ///   - seesHeads: whether the first byte that comes in an `idle` phase begins a head. In HTTP/2 it may be of another frame.
  init(_ limits: HTTPLimits, first: Phase = .idle, seesHeads: Bool = true) {
    self.limits = limits
    self.seesHeads = seesHeads
    phase = first
    idleTime = limits.idleTime
  }

  /// Enters a phase, or begins the same one anew.
  func enter(_ phase: Phase) {
    self.phase = phase
    phaseBegan = now
    arm()
  }

  /// Whether nothing has been received for at least `time`.
  func isIdle(for time: TimeAmount) -> Bool { phase == .idle && phaseBegan + time <= now }

  /// Makes the present phase end after `time`, if it is `idle`.
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
    // Nearly every head arrives in one piece, and then no timer is touched for it.
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
