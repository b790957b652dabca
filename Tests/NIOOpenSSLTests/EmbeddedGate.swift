import COpenSSL
import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL
import TestCertificates
import Testing

/// The handler in an `EmbeddedChannel`, with a client in memory at the other end.
final class EmbeddedGate {
  let channel: EmbeddedChannel
  let client: MemoryClient
  let inside = Inside()

  /// Inbound events, in order.
  final class Inside: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    var log: [String] = []
    var plaintext = ByteBuffer()
    var failures: [HandshakeFailure] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var buffer = unwrapInboundIn(data)
      log.append("plaintext")
      plaintext.writeBuffer(&buffer)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      log.append(event is TLSHandshakeCompleted ? "handshake" : "\(event)")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      log.append("error")
      if let failure = error as? HandshakeFailure { failures.append(failure) }
    }
  }

  /// - Parameters:
  ///   - context: a context shared by several gates; by default each has its own.
  ///   - clientKey: the client's key; by default the credential's.
  init(
    _ credential: ((GateMaterial) -> Credential?) = { $0.client }, version: Int32? = nil,
    context: TLSServerContext? = nil, clientKey: PrivateKey? = nil, cipher: String? = nil
  ) throws {
    let material = try GateMaterial()
    client = try MemoryClient(
      credential(material), root: material.root, version: version ?? TLS1_3_VERSION, key: clientKey,
      cipher: cipher)
    let handler = try OpenSSLServerHandler(
      context: context ?? material.serverContext(), handshakeTimeout: .seconds(5))
    channel = EmbeddedChannel()
    try channel.pipeline.syncOperations.addHandlers([handler, inside])
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
  }

  deinit {
    channel.close(promise: nil)
    letTimePass(.seconds(10))
  }

  func letTimePass(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

  /// The client's TCP connection ends.
  func endStream() { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }

  /// Returns what the gate has sent since the last call.
  func takeOutput() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
    return bytes
  }

  /// Transfers everything from the client to the gate and back once, in pieces of at most `piece` bytes.
  func exchange(piece: Int = .max) throws {
    var bytes = client.takeOutput()[...]
    while !bytes.isEmpty {
      try channel.writeInbound(ByteBuffer(bytes: bytes.prefix(piece)))
      bytes = bytes.dropFirst(piece)
    }
    client.give(try takeOutput())
  }

  /// Performs the complete handshake.
  func shakeHands(piece: Int = .max) throws {
    for _ in 0..<4 {
      _ = client.handshake()
      try exchange(piece: piece)
    }
    #expect(client.handshake())
  }
}
