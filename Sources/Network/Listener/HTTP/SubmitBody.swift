import AgentProtocol
import FoundationEssentials
import NIOCore

extension JobRequest {
  /// Reads the body of `PUT /v1/jobs/{id}`.
  ///
  /// - Throws: 400 with the place and fault, for the client's author.
  init(json body: ByteBuffer) throws(RequestRefusal) {
    do {
      self = try JSONDecoder().decode(JobRequest.self, from: Data(body.readableBytesView))
    } catch let error as DecodingError {
      throw RequestRefusal(.badRequest, error.explanation)
    } catch {
      throw RequestRefusal(.badRequest, "the body cannot be read")
    }
  }
}

extension Result<Answered, any Error> {
  /// The answer, or why there is none.
  func asAnswer() throws(RequestRefusal) -> Answered {
    switch self {
    case .success(let answered): return answered
    case .failure(let problem as Problem): throw RequestRefusal(problem)
    case .failure: throw RequestRefusal(.unavailable, "the agent is stopping or restarting")
    }
  }
}
