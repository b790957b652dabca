import AgentProtocol
import NIOHTTP1

/// A refusal with what its kind of answer needs beside the problem.
struct RequestRefusal: Error, Equatable {
  var problem: Problem
  /// The methods that the resource has, for `Allow` (405).
  var allow: [HTTPMethod] = []
  /// The size that a range was outside of, for `Content-Range` (416).
  var size: Int64?

  init(_ problem: Problem) {
    self.problem = problem
  }

  init(_ kind: ProblemKind, _ detail: String) {
    problem = Problem(kind, detail)
  }
}

extension RequestRefusal {
  /// What the parser said of bytes that are no request.
  init(_ error: HTTPParserError) {
    switch error {
    case .headerOverflow: self.init(.headersTooLarge, "the header fields are too many or too large")
    default: self.init(.badRequest, "this is not a valid HTTP/1.1 request")
    }
  }
}
