/// The kinds of errors in the HTTP API.
public enum ProblemKind: String, Codable, Sendable, CaseIterable {
  case badRequest = "bad-request"
  case forbidden
  case notFound = "not-found"
  case methodNotAllowed = "method-not-allowed"
  case conflict
  case bodyTooLarge = "body-too-large"
  case unsupportedMediaType = "unsupported-media-type"
  case rangeNotSatisfiable = "range-not-satisfiable"
  case notSupported = "not-supported"
  case headersTooLarge = "headers-too-large"
  case tooMuch = "too-much"
  case full
  case noSpace = "no-space"
  case unavailable
  case fault

  /// The HTTP status code; RFC 9110 section 15.
  public var status: Int {
    switch self {
    case .badRequest: 400
    case .forbidden: 403
    case .notFound: 404
    case .methodNotAllowed: 405
    case .conflict: 409
    case .bodyTooLarge: 413
    case .unsupportedMediaType: 415
    case .rangeNotSatisfiable: 416
    case .notSupported: 422
    case .tooMuch: 429
    case .headersTooLarge: 431
    case .full, .unavailable: 503
    case .noSpace: 507
    case .fault: 500
    }
  }

  /// The title, the same for every problem of this kind; RFC 9457 section 3.1.3.
  public var title: String {
    switch self {
    case .badRequest: "The request cannot be understood"
    case .forbidden: "This client may not do that"
    case .notFound: "There is no such thing here"
    case .methodNotAllowed: "The resource does not have this method"
    case .conflict: "The request does not fit the job as it is"
    case .bodyTooLarge: "The body is too large"
    case .unsupportedMediaType: "The body must be JSON"
    case .rangeNotSatisfiable: "The range is outside the output"
    case .notSupported: "This agent cannot do that"
    case .headersTooLarge: "The header fields are too large"
    case .tooMuch: "This client has too much in progress"
    case .full: "The queue is full"
    case .noSpace: "The disk is full or cannot be written"
    case .unavailable: "The agent cannot answer now"
    case .fault: "The agent made an error"
    }
  }
}

/// An error for a client: its kind, and what is wrong with this request.
public struct Problem: Error, Codable, Equatable, Sendable {
  /// The kind of error.
  public var kind: ProblemKind
  /// What is wrong with this request; one sentence.
  public var detail: String

  public init(_ kind: ProblemKind, _ detail: String) {
    self.kind = kind
    self.detail = detail
  }
}

/// A problem as sent on the wire, `application/problem+json`; RFC 9457 section 3.1.
public struct ProblemDocument: Codable, Equatable, Sendable {
  /// A URI reference that names the kind.
  public var type: String
  /// `ProblemKind.title`.
  public var title: String
  /// The HTTP status code.
  public var status: Int
  /// `Problem.detail`.
  public var detail: String

  /// Creates the document for a problem.
  public init(_ problem: Problem) {
    type = "/problems/\(problem.kind.rawValue)"
    title = problem.kind.title
    status = problem.kind.status
    detail = problem.detail
  }
}
