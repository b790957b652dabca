import NIOCore
import OpenSSL

/// Outbound bytes and closing.
extension OpenSSLServerHandler {
  /// How long a client may take to close its side after it was told that we closed ours.
  private static let lingerTime = TimeAmount.seconds(2)
  /// How long a client may take to read what was sent before.
  private static let drainTime = TimeAmount.seconds(60)

  /// Keeps plaintext until the next flush.
  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch state {
    case .handshaking, .open, .inputClosed: pendingWrites.append(unwrapOutboundIn(data), promise)
    case .lingering, .closed: promise?.fail(ChannelError.outputClosed)
    }
  }

  /// Encrypts and sends what is pending.
  public func flush(context: ChannelHandlerContext) {
    // During the handshake it waits; the end of the handshake sends it.
    if state == .open || state == .inputClosed { flushPendingWrites(context) }
  }

  /// Closes as described for the type.
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
      // Already closing.
      context.channel.closeFuture.cascade(to: promise)
    case (.all, _):
      context.channel.closeFuture.cascade(to: promise)
      finish(context)
    }
  }

  /// Encrypts and sends what is pending.
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

  /// Writes the ciphertext from OpenSSL without flushing it.
  ///
  /// - Returns: whether there was any.
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

  /// Sends everything pending, then close_notify, then the end of the stream.
  private func closeOutput(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
    flushPendingWrites(context)
    connection.closeOutput()
    whenWritten(context) { handler, context in
      context.close(mode: .output, promise: promise)
      if handler.state == .inputClosed { handler.closeNow(context) }
    }
  }

  /// Closes cleanly: sends what is pending and close_notify, then continues as `linger`.
  func finish(_ context: ChannelHandlerContext) {
    flushPendingWrites(context)
    if state == .closed { return }
    connection.closeOutput()
    linger(context)
  }

  /// Sends OpenSSL's remaining output, ends our stream and waits briefly for the client to end its own.
  ///
  /// If the socket were closed with unread bytes, the kernel would reset the connection and the client might lose our last bytes.
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

  /// Closes immediately.
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
    // An empty buffer if nothing is left to send: it completes after everything before it.
    context.writeAndFlush(wrapOutboundOut(sink.take() ?? ByteBuffer()), promise: written)
  }

  func startDeadline(
    _ context: ChannelHandlerContext, _ time: TimeAmount,
    _ expired: @escaping (OpenSSLServerHandler, ChannelHandlerContext) -> Void
  ) {
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in expired(self, context) }
  }
}
