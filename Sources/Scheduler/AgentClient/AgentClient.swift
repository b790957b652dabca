import AgentProtocol
import HTTPSClient
import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL

/// A client for one agent: its HTTP API over mutual TLS.
///
/// Connections are reused, requests are retried while the agent is away for a moment, and output resumes where it stopped.
///
/// Every request of this API can be repeated safely; for a submission, the job's ID makes sure of that. All calls throw `AgentError`, and
/// `CancellationError` when their task is cancelled. Many tasks may make calls at once.
public final class AgentClient: Sendable {
  /// The address of the agent.
  public let address: ServerAddress
  let limits: ClientLimits
  let pool: ConnectionPool

  /// Creates a client that has not connected yet.
  ///
  /// - Parameters:
  ///   - tls: our certificate, and the roots that the agent's certificate has to chain to.
  ///   - group: the event loops of its connections; they still belong to the caller.
  public init(
    _ address: ServerAddress, tls: TLSClientContext, limits: ClientLimits = ClientLimits(),
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
  ) {
    self.address = address
    self.limits = limits
    pool = ConnectionPool(address, tls, limits, group)
  }

  deinit { pool.close() }

  /// Closes the connections that are not in use.
  public func close() { pool.close() }

  /// Returns what the agent is and how busy it is.
  public func status() async throws -> AgentStatus {
    try await document(AgentStatus.self, .GET, "/v1/agent")
  }

  /// Returns the agent's metrics, in the text format of Prometheus.
  public func metrics() async throws -> String { String(buffer: try await exchange(.GET, "/metrics").body) }

  /// Says that there may be a newer revocation list; the agent looks soon.
  public func refresh() async throws { _ = try await exchange(.POST, "/v1/agent/refresh") }
}

/// Requests with complete answers.
extension AgentClient {
  /// Retries until there is an answer, or patience has run out.
  func document<Value: Decodable>(
    _ type: Value.Type, _ method: HTTPMethod, _ path: String, body: ByteBuffer? = nil, wait: Double = 0
  ) async throws -> Value {
    try decoded(type, try await exchange(method, path, body: body, wait: wait).body)
  }

  /// Retries until there is a 2xx answer, or patience has run out.
  ///
  /// - Returns: also whether the request was sent more than once, so that the agent may have received it before.
  func exchange(
    _ method: HTTPMethod, _ path: String, body: ByteBuffer? = nil, wait: Double = 0, trace: TraceContext? = nil
  ) async throws -> (status: Int, body: ByteBuffer, isRepeated: Bool) {
    var schedule = RetrySchedule(limits)
    var hasFailed = false
    while true {
      do {
        return try await withAnswer(method, path, body: body, wait: wait, trace: trace) { answer, connection in
          let document = try await self.document(of: connection)
          guard (200..<300).contains(answer.status) else { throw AgentError(answer, document) }
          return (answer.status, document, hasFailed || answer.isRepeated)
        }
      } catch let error as AgentError {
        try await schedule.wait(after: error)
        hasFailed = true
      }
    }
  }

  /// Sends a request and passes the answer to `body`, which has to read it to the end or throw.
  ///
  /// A kept connection that turns out to be closed is replaced immediately by a fresh one.
  ///
  /// - Throws: `AgentError` in place of `HTTPSError`; otherwise what `body` throws.
  func withAnswer<Value>(
    _ method: HTTPMethod, _ path: String, body payload: ByteBuffer? = nil, wait: Double = 0,
    trace: TraceContext? = nil, _ body: (AnswerHead, HTTPSConnection) async throws -> Value
  ) async throws -> Value {
    do {
      let (answer, connection) = try await answer(to: head(method, path, payload, trace), payload, wait: wait)
      do {
        let value = try await body(answer, connection)
        pool.giveBack(connection, isReusable: answer.keepsConnection)
        return value
      } catch {
        // The answer to a problem has been read to its end.
        let isRead = if case AgentError.problem = error { true } else { false }
        pool.giveBack(connection, isReusable: isRead && answer.keepsConnection)
        throw error
      }
    } catch let error as HTTPSError {
      throw AgentError(error)
    }
  }

  private func answer(
    to head: HTTPRequestHead, _ payload: ByteBuffer?, wait: Double
  ) async throws -> (AnswerHead, HTTPSConnection) {
    var fresh = false
    while true {
      try Task.checkCancellation()
      let (connection, isKept) = try await pool.take(fresh: fresh)
      do {
        connection.send(head, body: payload)
        var answer = try await connection.head(within: limits.answerTime + wait)
        answer.isRepeated = fresh
        return (answer, connection)
      } catch {
        pool.giveBack(connection, isReusable: false)
        guard isKept, !fresh, (error as? HTTPSError)?.kind == .unreachable else { throw error }
        fresh = true
      }
    }
  }

  private func head(
    _ method: HTTPMethod, _ path: String, _ payload: ByteBuffer?, _ trace: TraceContext?
  ) -> HTTPRequestHead {
    var headers = HTTPHeaders([("Host", address.name.contains(":") ? "[\(address.name)]" : address.name)])
    if let payload {
      headers.add(name: "Content-Type", value: "application/json")
      headers.add(name: "Content-Length", value: String(payload.readableBytes))
    } else if method == .POST {
      headers.add(name: "Content-Length", value: "0")
    }
    if let trace { headers.add(name: "traceparent", value: trace.traceparent) }
    if let state = trace?.tracestate { headers.add(name: "tracestate", value: state) }
    return HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
  }

  /// Returns the complete body of an answer that is one document.
  func document(of connection: HTTPSConnection) async throws -> ByteBuffer {
    try await connection.body(atMost: limits.documentBytes, stalling: limits.stallTime)
  }
}
