import AgentProtocol
import FoundationEssentials
import HTTPSClient
import NIOCore

/// Decodes the body of an answer.
///
/// - Throws: `AgentError.misconfigured` if it is not of this type.
func decoded<Value: Decodable>(_ type: Value.Type, _ body: ByteBuffer) throws(AgentError) -> Value {
  do {
    return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
  } catch let error as DecodingError {
    throw .misconfigured("the agent's answer is not what was expected: \(error.explanation)")
  } catch {
    throw .misconfigured("the agent's answer is not what was expected")
  }
}

extension AgentError {
  /// Creates the error for an answer other than 2xx.
  init(_ answer: AnswerHead, _ body: ByteBuffer) {
    let kinds = ProblemKind.allCases
    guard answer.headers.first(name: "Content-Type") == "application/problem+json",
      let document = try? decoded(ProblemDocument.self, body),
      let kind = kinds.first(where: { document.type == "/problems/\($0.rawValue)" && $0.status == answer.status })
    else {
      self = .misconfigured("HTTP \(answer.status) without a problem document: the server there is not an agent")
      return
    }
    self = .problem(Problem(kind, document.detail))
  }

  init(_ error: HTTPSError) {
    let text = error.description
    switch error.kind {
    case .unreachable: self = .unreachable(text)
    case .untrusted: self = .untrusted(text)
    case .unauthenticated: self = .unauthenticated(text)
    case .misconfigured: self = .misconfigured(text)
    case .unusable: self = .unusable(text)
    }
  }
}
