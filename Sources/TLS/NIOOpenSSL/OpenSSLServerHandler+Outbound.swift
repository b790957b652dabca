import NIOCore
import OpenSSL

/// The application's bytes, and the ways to close.
extension OpenSSLServerHandler {
  /// How long a client may take to notice that we closed, from when it was told.
  private static let lingerTime = TimeAmount.seconds(2)
  /// How long it may take to fetch what was sent before.
  private static let drainTime = TimeAmount.seconds(60)

  /// Keeps plaintext until the next flush.
  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch state {
    case .handshaking, .open, .inputClosed: pendingWrites.append(unwrapOutboundIn(data), promise)
    case .lingering, .closed: promise?.fail(ChannelError.outputClosed)
    }
  }

  /// Encrypts and sends.
  public func flush(context: ChannelHandlerContext) {
    // During the handshake it waits; the end of the handshake sends it.
    if state == .open || state == .inputClosed { flushPendingWrites(context) }
  }

  /// Closes; see the type.
  public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    switch (mode, state) {
    case (.input, _), (_, .closed):
      context.close(mode: mode, promise: promise)
    case (_, .handshaking):
      state = .closed
      context.close(mode: .all, promise: promise)
    case (.output, .open), (.output, .inputClosed):
      closeOutput(context, promise)
    case (_, .lingering):
      // It is closing, and soon closed.
      context.channel.closeFuture.cascade(to: promise)
    case (.all, _):
      context.channel.closeFuture.cascade(to: promise)
      finish(context)
    }
  }

  /// Encrypts what is pending, and sends it.
  func flushPendingWrites(_ context: ChannelHandlerContext) {
    guard state == .open || state == .inputClosed else { return }
    let (promises, error) = pendingWrites.encrypt(with: connection, into: sink)
    if let error {
      for promise in promises { promise.fail(error) }
      context.fireErrorCaught(error)
      return closeNow(context)
    }
    if writeCiphertext(context, promises) { context.flush() }
  }

  /// Writes what OpenSSL wants to send, without flushing it.
  ///
  /// - Returns: whether there was anything.
  @discardableResult
  func writeCiphertext(_ context: ChannelHandlerContext, _ promises: [EventLoopPromise<Void>] = []) -> Bool {
    guard let ciphertext = sink.take() else {
      for promise in promises { promise.succeed() }
      return false
    }
    for promise in promises.dropFirst() { promises[0].futureResult.cascade(to: promise) }
    context.write(wrapOutboundOut(ciphertext), promise: promises.first)
    return true
  }

  /// Sends everything, then close_notify, then the end of the stream.
  private func closeOutput(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
    flushPendingWrites(context)
    connection.closeOutput()
    whenWritten(context) { handler, context in
      context.close(mode: .output, promise: promise)
      if handler.state == .inputClosed { handler.closeNow(context) }
    }
  }

  /// Ends the connection in good order: what is pending, close_notify, then as `linger`.
  func finish(_ context: ChannelHandlerContext) {
    flushPendingWrites(context)
    if state == .closed { return }
    connection.closeOutput()
    linger(context)
  }

  /// Sends what OpenSSL still has to say, ends our stream and waits a moment for the client to end its own: if the
  /// socket were closed with bytes unread, the kernel would reset the connection and our last words might be lost.
  func linger(_ context: ChannelHandlerContext) {
    let isOver = state == .inputClosed
    state = .lingering
    deadline?.cancel()
    startDeadline(context, Self.drainTime) { handler, context in handler.closeNow(context) }
    whenWritten(context) { handler, context in
      if isOver { return handler.closeNow(context) }
      handler.deadline?.cancel()
      handler.startDeadline(context, Self.lingerTime) { handler, context in handler.closeNow(context) }
      context.close(mode: .output, promise: nil)
    }
  }

  /// Closes at once.
  func closeNow(_ context: ChannelHandlerContext) {
    if state == .closed { return }
    state = .closed
    deadline?.cancel()
    context.close(mode: .all, promise: nil)
  }

  private func whenWritten(
    _ context: ChannelHandlerContext, _ next: @escaping (OpenSSLServerHandler, ChannelHandlerContext) -> Void
  ) {
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success where state != .closed: next(self, context)
      case .success: break
      case .failure: closeNow(context)
      }
    }
    // An empty buffer where there is nothing more to say: it completes after everything before it.
    context.writeAndFlush(wrapOutboundOut(sink.take() ?? ByteBuffer()), promise: written)
  }

  func startDeadline(
    _ context: ChannelHandlerContext, _ time: TimeAmount,
    _ expired: @escaping (OpenSSLServerHandler, ChannelHandlerContext) -> Void
  ) {
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in expired(self, context) }
  }
}
