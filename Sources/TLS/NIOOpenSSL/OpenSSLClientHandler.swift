import NIOCore
import OpenSSL

/// User event: the handshake is over and the server has proven who it is.
public struct ServerHandshakeCompleted: Sendable {}

/// TLS on the client's side of a channel: ciphertext towards the network, plaintext towards the application.
///
/// To be the first handler of its pipeline. Inward come `ServerHandshakeCompleted` as a user event, then plaintext as
/// `ByteBuffer`; what goes wrong comes inward once, as the error `ServerHandshakeFailure`, and the channel is closed. It
/// reads by itself until the handshake is over; then only when the application does.
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
  /// Plaintext that waits for the end of the handshake.
  private var waiting: [(buffer: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
  /// The application has asked for data and has not got any yet.
  private var isAwaited = false

  /// A handler for one connection; parameters as of `TLSClientConnection`.
  public init(context: TLSClientContext, serverName: String) throws(OpenSSLError) {
    connection = try TLSClientConnection(context, serverName: serverName)
  }

  /// Begins, if the channel is active already.
  public func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin(context) }
  }

  /// Begins.
  public func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  /// Gives up what has not been written.
  public func channelInactive(context: ChannelHandlerContext) {
    state = .closed
    for (_, promise) in waiting { promise?.fail(ChannelError.ioOnClosedChannel) }
    waiting = []
    context.fireChannelInactive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    _ = connection.handshake()  // says hello; more cannot come of it
    sendCiphertext(context, nil)
    context.flush()
    context.read()
  }

  /// Decrypts.
  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if state == .closed { return }
    unwrapInboundIn(data).withUnsafeReadableBytes { connection.receive($0) }
    if state == .handshaking { shakeHands(context) }
    if state == .open { decrypt(context) }
  }

  /// Reads on where what came was no plaintext yet.
  public func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
    context.fireChannelReadComplete()
    if state == .handshaking || state == .open && isAwaited { context.read() }
  }

  /// Reads, once the handshake is over.
  public func read(context: ChannelHandlerContext) {
    isAwaited = true
    if state != .handshaking { context.read() }
  }

  /// Encrypts; during the handshake it waits.
  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let buffer = unwrapOutboundIn(data)
    switch state {
    case .handshaking: waiting.append((buffer, promise))
    case .open: encrypt(buffer, promise, context)
    case .closed: promise?.fail(ChannelError.ioOnClosedChannel)
    }
  }

  /// Says close_notify and closes at once: nobody waits for the server's.
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
      var plaintext = context.channel.allocator.buffer(capacity: 16384)  // a record at most
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
