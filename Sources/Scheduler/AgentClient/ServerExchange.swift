import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL

/// One request to a server that is no agent, over a connection of its own.
public struct ServerExchange: Sendable {
  /// An answer, read to its end.
  public struct Reply: Sendable {
    /// HTTP's status.
    public let status: Int
    /// All bytes of the body.
    public let body: [UInt8]
  }

  private let address: AgentAddress
  private let tls: TLSClientContext
  private let limits: ClientLimits

  /// Requests to the server at `address`, whose certificate has to be for `address.name` unless `tls` verifies none.
  public init(_ address: AgentAddress, tls: TLSClientContext, limits: ClientLimits) {
    self.address = address
    self.tls = tls
    self.limits = limits
  }

  /// Asks, and waits for the whole answer. To be called on a thread that may block.
  ///
  /// - Parameters:
  ///   - method: `GET` or `POST`.
  ///   - headers: beside those that say where the request goes and where it ends.
  /// - Throws: `AgentError`: nobody answers, we do not accept the server, it does not accept us, or it speaks something else.
  public func ask(
    _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) throws -> Reply {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    return try group.next().makeFutureWithTask { try await exchange(method, path, headers, body, on: group) }.wait()
  }

  private func exchange(
    _ method: String, _ path: String, _ headers: [(String, String)], _ body: [UInt8]?, on group: any EventLoopGroup
  ) async throws -> Reply {
    let connection = try await AgentConnection.open(to: address, tls, limits, on: group)
    defer { connection.close() }
    var fields = HTTPHeaders([("Host", "\(address)"), ("Connection", "close")] + headers)
    if let body { fields.add(name: "Content-Length", value: "\(body.count)") }
    connection.send(
      HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: fields),
      body: body.map { ByteBuffer(bytes: $0) })
    guard case .head(let head) = try await connection.next(within: limits.answerTime) else {
      throw AgentError.misconfigured("an answer without a head")
    }
    let answer = try Answer(head)
    return Reply(status: answer.status, body: try await whole(connection))
  }

  private func whole(_ connection: AgentConnection) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      switch try await connection.next(within: limits.stallTime) {
      case .head: throw AgentError.misconfigured("a second head in an answer")
      case .end: return bytes
      case .body(let part):
        guard bytes.count + part.readableBytes <= limits.documentBytes else {
          throw AgentError.misconfigured("an answer of more than \(limits.documentBytes) bytes")
        }
        bytes += part.readableBytesView
      }
    }
  }
}
