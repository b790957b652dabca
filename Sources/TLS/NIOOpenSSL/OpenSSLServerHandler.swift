import NIOCore
import OpenSSL

/// TLS on the server side of a channel: ciphertext towards the network, plaintext towards the application.
///
/// Must be the first handler of its pipeline. Nothing that a client sends is passed inward before its certificate has been verified. It
/// passes inward `TLSHandshakeCompleted` as a user event, then plaintext as `ByteBuffer`. It reports a failed handshake inward once, as the
/// error `HandshakeFailure`, and closes the channel after sending the alert.
///
/// A close_notify from the client closes the channel or, if the channel option `allowRemoteHalfClosure` is set, is passed inward as
/// `ChannelEvent.inputClosed`, so that an answer in progress can still be sent. `close(mode: .output)` sends what is pending, then our
/// close_notify.
public final class OpenSSLServerHandler: ChannelDuplexHandler {
  /// Ciphertext from the network.
  public typealias InboundIn = ByteBuffer
  /// Plaintext to the application.
  public typealias InboundOut = ByteBuffer
  /// Plaintext from the application.
  public typealias OutboundIn = ByteBuffer
  /// Ciphertext to the network.
  public typealias OutboundOut = ByteBuffer

  enum State {
    case handshaking
    case open
    /// The client has sent close_notify; we may still write.
    case inputClosed
    /// We have sent everything; further input is discarded until the client closes or the time limit passes.
    case lingering
    case closed
  }

  var state = State.handshaking
  let connection: TLSConnection
  let sink = CiphertextBuffer()
  var pendingWrites = PendingWrites()
  /// A recheck that arrived during the handshake.
  var recheck: ClientRecheck?
  /// The deadline of the handshake, later of a lingering close.
  var deadline: Scheduled<Void>?
  private let handshakeTimeout: TimeAmount
  private var deliveredPlaintext = false

  /// Creates a handler for one connection.
  ///
  /// - Parameter handshakeTimeout: the maximum time from the channel becoming active to the end of the handshake.
  public init(context: TLSServerContext, handshakeTimeout: TimeAmount) throws(OpenSSLError) {
    self.handshakeTimeout = handshakeTimeout
    connection = try TLSConnection(context, sink: sink)
  }

  /// Starts the deadline if the channel is already active.
  public func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { startHandshake(context) }
  }

  /// Fails the writes that are still pending.
  public func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    pendingWrites.fail(ChannelError.ioOnClosedChannel)
  }

  /// Starts the deadline.
  public func channelActive(context: ChannelHandlerContext) {
    startHandshake(context)
    context.fireChannelActive()
  }

  /// Reports a handshake that the client aborted.
  public func channelInactive(context: ChannelHandlerContext) {
    let wasHandshaking = state == .handshaking
    state = .closed
    deadline?.cancel()
    pendingWrites.fail(ChannelError.ioOnClosedChannel)
    if wasHandshaking { context.fireErrorCaught(connection.closedByClient) }
    context.fireChannelInactive()
  }

  /// Passes errors inward, except those of a connection that the client resets in the handshake, as health checks do instead of closing
  /// it: `channelInactive` follows and reports the end once.
  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if state == .handshaking || state == .closed, error is IOError { return }
    context.fireErrorCaught(error)
  }

  private func startHandshake(_ context: ChannelHandlerContext) {
    guard deadline == nil, state == .handshaking else { return }
    startDeadline(context, handshakeTimeout) { handler, context in
      guard handler.state == .handshaking else { return }
      let seconds = Int(handler.handshakeTimeout.nanoseconds / 1_000_000_000)
      context.fireErrorCaught(HandshakeFailure.timedOut(seconds: seconds))
      handler.closeNow(context)
    }
  }

  /// Decrypts incoming ciphertext.
  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if state == .lingering || state == .closed || state == .inputClosed { return }
    let ciphertext = unwrapInboundIn(data)
    // The application's reaction to events may call back into this handler, so nothing is passed to it while the input is borrowed.
    let received = ciphertext.withUnsafeReadableBytes { bytes in
      connection.receive(bytes) { receive(atMost: bytes.count, context) }
    }
    writeCiphertext(context)
    tell(received, context)
  }

  /// Flushes what the preceding reads caused.
  public func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
    if deliveredPlaintext {
      deliveredPlaintext = false
      context.fireChannelReadComplete()
    } else {
      // The application has not received the data it asked for: only a handshake message or part of a record arrived.
      if state == .open { context.fireChannelReadComplete() }
      if state != .closed { context.read() }
    }
  }

  /// Handles `ClientRecheck`, and the end of the client's TCP stream if the channel stays open after it.
  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let recheck = event as? ClientRecheck { return judge(recheck, context) }
    guard let event = event as? ChannelEvent, event == .inputClosed else {
      return context.fireUserInboundEventTriggered(event)
    }
    switch state {
    case .handshaking:
      context.fireErrorCaught(connection.closedByClient)
      closeNow(context)
    case .open, .lingering:
      closeNow(context)  // without close_notify the stream was truncated: RFC 8446 section 6.1
    case .inputClosed, .closed:
      break  // the application already knows
    }
  }
}

/// Inbound bytes.
extension OpenSSLServerHandler {
  /// The result of decrypting a piece of ciphertext.
  private struct Received {
    /// `TLSHandshakeCompleted` or `AnonymousHandshakeCompleted`.
    var handshake: (any Sendable)?
    var plaintext: ByteBuffer?
    var failure: (any Error)?
    var isInputClosed = false
  }

  private func receive(atMost count: Int, _ context: ChannelHandlerContext) -> Received {
    var received = Received()
    if state == .handshaking {
      switch connection.handshake() {
      case .wantsInput: return received
      case .failed(let failure):
        received.failure = failure
        return received
      case .complete:
        received.handshake = completed()
        guard received.handshake != nil else {
          received.failure = HandshakeFailure.noClientCertificate
          return received
        }
        state = .open
      }
    }
    decrypt(atMost: count, context, &received)
    return received
  }

  private func completed() -> (any Sendable)? {
    if connection.clientCertificate == nil, connection.admitsAnonymousClient { return AnonymousHandshakeCompleted() }
    return connection.clientCertificate.map {
      TLSHandshakeCompleted(
        clientCertificate: $0, version: connection.version, cipher: connection.cipher,
        applicationProtocol: connection.applicationProtocol)
    }
  }

  private func decrypt(atMost count: Int, _ context: ChannelHandlerContext, _ received: inout Received) {
    // Plaintext is shorter than its ciphertext; OpenSSL holds at most one partial record from before.
    var plaintext = context.channel.allocator.buffer(capacity: count)
    while true {
      if plaintext.writableBytes == 0 { plaintext.reserveCapacity(minimumWritableBytes: 4096) }
      var progress = ReadProgress.wantsInput
      plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { target in
        progress = connection.read(into: target)
        if case .bytes(let count) = progress { return count } else { return 0 }
      }
      switch progress {
      case .bytes where connection.hasMoreInput: continue
      case .bytes, .wantsInput: break
      case .closed: received.isInputClosed = true
      case .failed(let error): received.failure = error
      }
      break
    }
    if plaintext.readableBytes > 0 { received.plaintext = plaintext }
  }

  private func tell(_ received: Received, _ context: ChannelHandlerContext) {
    if let handshake = received.handshake {
      deadline?.cancel()
      deadline = nil
      if let recheck, closeIfRefused(by: recheck, context) { return }
      recheck = nil
      context.fireUserInboundEventTriggered(handshake)
      flushPendingWrites(context)
    }
    if let plaintext = received.plaintext, state == .open {
      deliveredPlaintext = true
      context.fireChannelRead(wrapInboundOut(plaintext))
    }
    if let failure = received.failure, state == .open || state == .handshaking {
      pendingWrites.fail(failure)
      linger(context)
      context.fireErrorCaught(failure)
    }
    if received.isInputClosed, state == .open { inputClosed(context) }
  }

  private func inputClosed(_ context: ChannelHandlerContext) {
    state = .inputClosed
    let option = ChannelOptions.allowRemoteHalfClosure
    if (try? context.channel.syncOptions?.getOption(option)) == true {
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    } else {
      finish(context)
    }
  }
}
