import AgentProtocol
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// The head of an answer that was understood.
struct Answer {
  let status: Int
  let head: HTTPResponseHead

  /// - Throws: `AgentError.misconfigured` for what no agent would say.
  init(_ head: HTTPResponseHead) throws(AgentError) {
    status = Int(head.status.code)
    self.head = head
    let isFramed = head.headers.contains(name: "Content-Length") || head.headers["Transfer-Encoding"] == ["chunked"]
    // Where only the end of the connection ends the body, a cut-off one looks whole.
    guard isFramed || status == 204 else { throw .misconfigured("the answer does not say where it ends") }
  }

  /// Whether the connection can be used for another request.
  var keepsConnection: Bool { head.isKeepAlive }

  /// What the answer's body is, if it is of this type.
  static func decode<Value: Decodable>(_ type: Value.Type, _ body: ByteBuffer) throws(AgentError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    } catch let error as DecodingError {
      throw .misconfigured("the agent's answer is not what was expected: \(error.explanation)")
    } catch {
      throw .misconfigured("the agent's answer is not what was expected")
    }
  }

  /// The problem that an answer other than 2xx tells.
  func problem(_ body: ByteBuffer) -> AgentError {
    let kinds = ProblemKind.allCases
    guard head.headers.first(name: "Content-Type") == "application/problem+json",
      let document = try? Self.decode(ProblemDocument.self, body),
      let kind = kinds.first(where: { document.type == "/problems/\($0.rawValue)" && $0.status == status })
    else { return .misconfigured("HTTP \(status) without a problem document: no agent answers there") }
    return .problem(Problem(kind, document.detail))
  }
}
