import ClientVerification
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL
import Synchronization
import SystemCalls
import TestCertificates

/// The certificates of these tests: one root for server and clients.
struct GateMaterial: Sendable {
  let root: Credential
  let server: Credential
  let client: Credential

  init(serverKey: CertificateRecipe.Key = .p256, clientKey: CertificateRecipe.Key = .p256) throws {
    root = try PKI.shared.root("TLS Root")
    server = try PKI.shared.issue(
      CertificateRecipe("/CN=localhost", .server).with {
        $0.extensions = ["subjectAltName = DNS:localhost, IP:127.0.0.1"]
        $0.key = serverKey
      }, by: root)
    client = try PKI.shared.issue(CertificateRecipe("/CN=client", .client).with { $0.key = clientKey }, by: root)
  }

  func serverContext(
    _ change: (inout TLSServerContext.Configuration) -> Void = { _ in }
  ) throws -> TLSServerContext {
    let roots = try Self.certificates(root.certificatePath)
    let keyBlock = try PEMBlock.all(in: DurableFile.read(server.keyPath, limit: 65536))[0]
    var configuration = TLSServerContext.Configuration(
      certificateChain: try Self.certificates(server.chainPath), privateKey: try PrivateKey(pem: keyBlock),
      clientAuthorities: roots)
    change(&configuration)
    let verifier = try ClientVerifier(roots: roots)
    return try TLSServerContext(configuration) { verifier.verify($0) }
  }

  static func certificates(_ path: String) throws -> [Certificate] {
    try Certificate.all(inPEM: DurableFile.read(path, limit: 1 << 20))
  }
}

/// What the application behind the gate observed on a connection.
struct Seen: Sendable {
  var handshake: TLSHandshakeCompleted?
  var text = ""
  var failures: [HandshakeFailure] = []
  var otherErrors: [String] = []
  var inputClosed = false
  var isOver = false
}

/// An application that records what it sees and answers each line with the same line in capitals.
final class Application: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let note: (@Sendable ((inout Seen) -> Void) -> Void)
  private let closesAfterAnswer: Bool

  init(closesAfterAnswer: Bool, note: @escaping @Sendable ((inout Seen) -> Void) -> Void) {
    self.note = note
    self.closesAfterAnswer = closesAfterAnswer
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? TLSHandshakeCompleted { note { $0.handshake = event } }
    if let event = event as? ChannelEvent, event == .inputClosed { note { $0.inputClosed = true } }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let text = String(buffer: unwrapInboundIn(data))
    note { $0.text += text }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text.uppercased())), promise: nil)
    if closesAfterAnswer, text.hasSuffix("\n") { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let failure = error as? HandshakeFailure {
      note { $0.failures.append(failure) }
    } else {
      note { $0.otherErrors.append("\(error)") }
    }
  }

  func channelInactive(context: ChannelHandlerContext) { note { $0.isOver = true } }
}

/// A listening gate on 127.0.0.1 with the application above.
final class Gate: Sendable {
  let port: Int
  private let channel: any Channel

  init(
    _ context: TLSServerContext, handshakeTimeout: TimeAmount = .seconds(20), halfClosure: Bool = false,
    closesAfterAnswer: Bool = false
  ) async throws {
    let seen = SeenList()
    self.seen = seen
    channel = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
      .childChannelOption(.allowRemoteHalfClosure, value: halfClosure)
      .childChannelInitializer { channel in
        let index = seen.add()
        return channel.eventLoop.makeCompletedFuture {
          let tls = try OpenSSLServerHandler(context: context, handshakeTimeout: handshakeTimeout)
          try channel.pipeline.syncOperations.addHandler(tls)
          try channel.pipeline.syncOperations.addHandler(
            Application(closesAfterAnswer: closesAfterAnswer) { change in seen.change(index, change) })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  private let seen: SeenList

  /// What was observed on each connection, in the order of arrival.
  var all: [Seen] { seen.all }

  func close() async throws { try await channel.close() }
}

/// The observations, shared between event loops and test.
final class SeenList: Sendable {
  private let list = Mutex<[Seen]>([])

  var all: [Seen] { list.withLock { $0 } }

  func add() -> Int {
    list.withLock {
      $0.append(Seen())
      return $0.count - 1
    }
  }

  func change(_ index: Int, _ change: (inout Seen) -> Void) { list.withLock { change(&$0[index]) } }
}
