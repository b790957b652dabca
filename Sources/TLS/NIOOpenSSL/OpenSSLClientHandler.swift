import NIOCore
import OpenSSL

/// A user event: the handshake is complete and the server has authenticated.
public struct ServerHandshakeCompleted: Sendable {}

/// TLS on the client side of a channel: ciphertext towards the network, plaintext towards the application.
///
/// Must be the first handler of its pipeline. It passes inward `ServerHandshakeCompleted` as a user event, then plaintext as `ByteBuffer`.
/// It reports an error inward once, as `ServerHandshakeFailure`, and closes the channel. It reads automatically until the handshake is
/// complete; then only when the application does.
public final class OpenSSLClientHandler: ChannelDuplexHandler {
  /// Ciphertext from the network.
  public typealias InboundIn = ByteBuffer
  /// Plaintext to the application.
  public typealias InboundOut = ByteBuffer
  /// Plaintext from the application.
  public typealias OutboundIn = ByteBuffer
  /// Ciphertext to the network.
  public typealias OutboundOut = ByteBuffer

  private enum State { case handshaking, open, closed }

  private var state = State.handshaking
  private let connection: TLSClientConnection
  /// Plaintext that waits for the handshake to complete.
  private var waiting: [(buffer: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
  /// Whether the application has asked for data and has not received any yet.
  private var isAwaited = false

  /// Creates a handler for one connection; for the parameters see `TLSClientConnection`.
  public init(context: TLSClientContext, serverName: String) throws(OpenSSLError) {
    connection = try TLSClientConnection(context, serverName: serverName)
  }

  /// Starts the handshake if the channel is already active.
  public func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin(context) }
  }

  /// Starts the handshake.
  public func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  /// Fails the writes that are still waiting.
  public func channelInactive(context: ChannelHandlerContext) {
    state = .closed
    for (_, promise) in waiting { promise?.fail(ChannelError.ioOnClosedChannel) }
    waiting = []
    context.fireChannelInactive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    _ = connection.handshake()  // sends the ClientHello; the handshake cannot get further yet
    sendCiphertext(context, nil)
    context.flush()
    context.read()
  }

  /// Decrypts incoming ciphertext.
  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if state == .closed { return }
    unwrapInboundIn(data).withUnsafeReadableBytes { connection.receive($0) }
    if state == .handshaking { shakeHands(context) }
    if state == .open { decrypt(context) }
  }

  /// Continues reading if no plaintext has arrived yet.
  public func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
    context.fireChannelReadComplete()
    if state == .handshaking || state == .open && isAwaited { context.read() }
  }

  /// Reads once the handshake is complete.
  public func read(context: ChannelHandlerContext) {
    isAwaited = true
    if state != .handshaking { context.read() }
  }

  /// Encrypts; keeps the plaintext during the handshake.
  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let buffer = unwrapOutboundIn(data)
    switch state {
    case .handshaking: waiting.append((buffer, promise))
    case .open: encrypt(buffer, promise, context)
    case .closed: promise?.fail(ChannelError.ioOnClosedChannel)
    }
  }

  /// Sends close_notify and closes at once, without waiting for the server's.
  public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if state == .open, mode == .all {
      connection.closeOutput()
      sendCiphertext(context, nil)
      context.flush()
    }
    if mode == .all { state = .closed }
    context.close(mode: mode, promise: promise)
  }

  private func shakeHands(_ context: ChannelHandlerContext) {
    let progress = connection.handshake()
    sendCiphertext(context, nil)
    switch progress {
    case .wantsInput: break
    case .failed(let failure): fail(failure, context)
    case .complete:
      state = .open
      context.fireUserInboundEventTriggered(ServerHandshakeCompleted())
      for (buffer, promise) in waiting { encrypt(buffer, promise, context) }
      waiting = []
    }
  }

  private func decrypt(_ context: ChannelHandlerContext) {
    while state == .open {
      var plaintext = context.channel.allocator.buffer(capacity: 16384)  // at most one record
      var progress = ReadProgress.wantsInput
      plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: 16384) { target in
        progress = connection.read(into: target)
        if case .bytes(let count) = progress { return count } else { return 0 }
      }
      switch progress {
      case .bytes:
        isAwaited = false
        context.fireChannelRead(wrapInboundOut(plaintext))
      case .wantsInput:
        return sendCiphertext(context, nil)
      case .closed:
        return context.close(promise: nil)
      case .failed(let error):
        sendCiphertext(context, nil)
        return fail(ServerHandshakeFailure(error), context)
      }
    }
  }

  private func encrypt(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
    let failure: OpenSSLError? = buffer.withUnsafeReadableBytes { bytes in
      do throws(OpenSSLError) { try connection.write(bytes) } catch { return error }
      return nil
    }
    if let failure {
      promise?.fail(failure)
      return fail(ServerHandshakeFailure(failure), context)
    }
    sendCiphertext(context, promise)
  }

  private func sendCiphertext(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
    var ciphertext = context.channel.allocator.buffer(capacity: 512)
    while true {
      let count = ciphertext.writeWithUnsafeMutableBytes(minimumWritableBytes: 512) { connection.send(into: $0) }
      if count == 0 { break }
    }
    if ciphertext.readableBytes == 0, promise == nil { return }
    context.write(wrapOutboundOut(ciphertext), promise: promise)
  }

  private func fail(_ failure: ServerHandshakeFailure, _ context: ChannelHandlerContext) {
    if state == .closed { return }
    state = .closed
    context.flush()
    for (_, promise) in waiting { promise?.fail(failure) }
    waiting = []
    context.fireErrorCaught(failure)
    context.close(promise: nil)
  }
}
