import AgentProtocol
import NIOHTTP1

/// A refusal: the problem, and the fields that its answer needs.
struct RequestRefusal: Error, Equatable {
  var problem: Problem
  /// The methods of the resource, for `Allow` (405).
  var allow: [String] = []
  /// The size of the output that the range exceeds, for `Content-Range` (416).
  var size: Int64?

  init(_ problem: Problem) {
    self.problem = problem
  }

  init(_ kind: ProblemKind, _ detail: String) {
    problem = Problem(kind, detail)
  }
}

extension RequestRefusal {
  /// Creates the refusal for a parser error.
  init(_ error: HTTPParserError) {
    switch error {
    case .headerOverflow: self.init(.headersTooLarge, "the header fields are too many or too large")
    default: self.init(.badRequest, "this is not a valid HTTP/1.1 request")
    }
  }
}
