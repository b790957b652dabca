import AgentProtocol
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL

/// One agent as a scheduler sees it: its HTTP API over mutual TLS, with connections that are kept, requests that are tried
/// again where the agent is away for a moment, and output that goes on where it was.
///
/// Every request of this API may be repeated without harm, a submit by the job's id among them. All calls throw `AgentError`,
/// and `CancellationError` when their task is cancelled. They may be made by many tasks at once.
public final class AgentClient: Sendable {
  /// Where the agent is.
  public let address: AgentAddress
  let limits: ClientLimits
  let pool: ConnectionPool

  /// A client that has not connected yet.
  ///
  /// - Parameters:
  ///   - tls: our certificate, and the roots that the agent's has to chain to.
  ///   - group: the event loops of its connections, which stay the caller's.
  public init(
    _ address: AgentAddress, tls: TLSClientContext, limits: ClientLimits = ClientLimits(),
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
  ) {
    self.address = address
    self.limits = limits
    pool = ConnectionPool(address, tls, limits, group)
  }

  deinit { pool.close() }

  /// Closes the connections that are not in use.
  public func close() { pool.close() }

  /// What the agent is and how busy it is.
  public func status() async throws -> AgentStatus {
    try await document(AgentStatus.self, .GET, "/v1/agent")
  }
}

/// A request and its whole answer.
extension AgentClient {
  /// Asks until there is an answer, or patience is over.
  func document<Value: Decodable>(
    _ type: Value.Type, _ method: HTTPMethod, _ path: String, body: ByteBuffer? = nil, wait: Double = 0
  ) async throws -> Value {
    try Answer.decode(type, try await exchange(method, path, body: body, wait: wait).body)
  }

  /// Asks until there is an answer of the class 2xx, or patience is over.
  func exchange(
    _ method: HTTPMethod, _ path: String, body: ByteBuffer? = nil, wait: Double = 0
  ) async throws -> (status: Int, body: ByteBuffer) {
    var schedule = RetrySchedule(limits)
    while true {
      do {
        return try await withAnswer(method, path, body: body, wait: wait) { answer, connection in
          let document = try await self.wholeBody(connection, limit: self.limits.documentBytes)
          guard (200..<300).contains(answer.status) else { throw answer.problem(document) }
          return (answer.status, document)
        }
      } catch let error as AgentError {
        try await schedule.wait(after: error)
      }
    }
  }

  /// Sends a request and hands its answer to `body`, which has to read it to the end or throw.
  ///
  /// A kept connection that turns out to be closed is replaced at once by a fresh one.
  func withAnswer<Value>(
    _ method: HTTPMethod, _ path: String, body payload: ByteBuffer? = nil, wait: Double = 0,
    _ body: (Answer, AgentConnection) async throws -> Value
  ) async throws -> Value {
    var fresh = false
    while true {
      try Task.checkCancellation()
      let (connection, isKept) = try await pool.take(fresh: fresh)
      let answer: Answer
      do {
        connection.send(head(method, path, payload), body: payload)
        answer = try await head(of: connection, wait: wait)
      } catch {
        pool.giveBack(connection, isReusable: false)
        guard isKept, !fresh, case AgentError.unreachable = error else { throw error }
        fresh = true
        continue
      }
      do {
        let value = try await body(answer, connection)
        pool.giveBack(connection, isReusable: answer.keepsConnection)
        return value
      } catch let error as AgentError {
        // A problem was read to its end.
        if case .problem = error {
          pool.giveBack(connection, isReusable: answer.keepsConnection)
        } else {
          pool.giveBack(connection, isReusable: false)
        }
        throw error
      } catch {
        pool.giveBack(connection, isReusable: false)
        throw error
      }
    }
  }

  private func head(_ method: HTTPMethod, _ path: String, _ payload: ByteBuffer?) -> HTTPRequestHead {
    var headers = HTTPHeaders([("Host", address.name.contains(":") ? "[\(address.name)]" : address.name)])
    if let payload {
      headers.add(name: "Content-Type", value: "application/json")
      headers.add(name: "Content-Length", value: String(payload.readableBytes))
    } else if method == .POST {
      headers.add(name: "Content-Length", value: "0")
    }
    return HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
  }

  private func head(of connection: AgentConnection, wait: Double) async throws -> Answer {
    guard case .head(let head) = try await connection.next(within: limits.answerTime + wait) else {
      throw AgentError.misconfigured("an answer without a head")
    }
    return try Answer(head)
  }

  func wholeBody(_ connection: AgentConnection, limit: Int) async throws -> ByteBuffer {
    var whole = ByteBuffer()
    while true {
      switch try await connection.next(within: limits.stallTime) {
      case .head: throw AgentError.misconfigured("a second head in an answer")
      case .end: return whole
      case .body(let part):
        guard whole.readableBytes + part.readableBytes <= limit else {
          throw AgentError.misconfigured("an answer of more than \(limit) bytes")
        }
        whole.writeImmutableBuffer(part)
      }
    }
  }
}
