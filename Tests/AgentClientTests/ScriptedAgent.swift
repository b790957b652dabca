import AgentClient
import ClientVerification
import HTTPSClient
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL
import Synchronization
import SystemCalls
import TestCertificates

/// The certificates of an agent and its scheduler.
struct Certificates: Sendable {
  let root: Credential
  let server: Credential
  let client: Credential

  init(server recipe: CertificateRecipe? = nil) throws {
    let issuer = try PKI.shared.root("Client Library Root")
    root = issuer
    server = if let recipe { try PKI.shared.issue(recipe, by: issuer) } else { try PKI.shared.server(by: issuer) }
    client = try PKI.shared.client("scheduler", by: issuer)
  }

  /// The client's context.
  func context(as credential: Credential? = nil, trusting other: Credential? = nil) throws -> TLSClientContext {
    let credential = credential ?? client
    let key = try PEMBlock.all(in: DurableFile.read(credential.keyPath, limit: 65536))[0]
    return try TLSClientContext(
      certificateChain: Self.read(credential.chainPath), privateKey: PrivateKey(pem: key),
      roots: Self.read((other ?? root).certificatePath))
  }

  func serverContext() throws -> TLSServerContext {
    let roots = try Self.read(root.certificatePath)
    let key = try PEMBlock.all(in: DurableFile.read(server.keyPath, limit: 65536))[0]
    let verifier = try ClientVerifier(roots: roots)
    return try TLSServerContext(
      TLSServerContext.Configuration(
        certificateChain: Self.read(server.chainPath), privateKey: PrivateKey(pem: key), clientAuthorities: roots)
    ) { verifier.verify($0) }
  }

  private static func read(_ path: String) throws -> [Certificate] {
    try Certificate.all(inPEM: DurableFile.read(path, limit: 1 << 20))
  }
}

/// What a compromised agent sends in reply to every request.
enum Script: Sendable {
  /// Sends these bytes.
  case says(String)
  /// Sends the first bytes, then the others again and again, as fast as they are read.
  case saysForEver(String, then: String)
  /// Sends nothing and keeps the connection open.
  case silent
  /// Sends nothing and closes the connection.
  case hangsUp
  /// A complete answer.
  static func answers(_ json: String, status: String = "200 OK", type: String = "application/json") -> Script {
    .says("HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(json.utf8.count)\r\n\r\n\(json)")
  }
}

/// A server with a valid certificate that speaks TLS and then follows its scripts, one per request; the last one repeats.
final class ScriptedAgent: Sendable {
  let port: Int
  private let channel: any Channel
  private let progress: Progress

  final class Progress: Sendable {
    private let state = Mutex<(scripts: [Script], heads: [String], sent: Int)>(([], [], 0))
    init(_ scripts: [Script]) { state.withLock { $0.scripts = scripts } }
    func next(_ head: String) -> Script {
      state.withLock { state in
        state.heads.append(head)
        return state.scripts.count > 1 ? state.scripts.removeFirst() : state.scripts[0]
      }
    }
    func sent(_ count: Int) { state.withLock { $0.sent += count } }
    var heads: [String] { state.withLock { $0.heads } }
    var sent: Int { state.withLock { $0.sent } }
  }

  init(_ certificates: Certificates, _ scripts: Script...) async throws {
    let context = try certificates.serverContext()
    let progress = Progress(scripts)
    self.progress = progress
    channel = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            OpenSSLServerHandler(context: context, handshakeTimeout: .seconds(60)))
          try channel.pipeline.syncOperations.addHandler(Actor(progress))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  deinit { channel.close(promise: nil) }

  /// The heads of the received requests.
  var heads: [String] { progress.heads }
  /// How many bytes of an endless answer the network accepted.
  var sent: Int { progress.sent }

  func client(_ certificates: Certificates, _ change: (inout ClientLimits) -> Void = { _ in }) throws -> AgentClient {
    var limits = ClientLimits()
    limits.patience = 0
    change(&limits)
    return AgentClient(
      ServerAddress(host: "127.0.0.1", port: port), tls: try certificates.context(), limits: limits)
  }
}

/// Reads a request's head, which is the whole request in these tests, and acts.
private final class Actor: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private let progress: ScriptedAgent.Progress
  private var received = ""

  init(_ progress: ScriptedAgent.Progress) { self.progress = progress }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += String(buffer: unwrapInboundIn(data))
    guard received.contains("\r\n\r\n") else { return }
    let script = progress.next(received)
    received = ""
    switch script {
    case .says(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    case .saysForEver(let first, let then):
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: first)), promise: nil)
      goOn(context, ByteBuffer(string: then))
    case .silent: break
    case .hangsUp: context.close(promise: nil)
    }
  }

  private func goOn(_ context: ChannelHandlerContext, _ buffer: ByteBuffer) {
    let promise = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    promise.futureResult.whenSuccess {
      let (actor, context) = bound.value
      actor.progress.sent(buffer.readableBytes)
      actor.goOn(context, buffer)
    }
    context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
