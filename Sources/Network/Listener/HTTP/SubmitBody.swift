import AgentProtocol
import FoundationEssentials
import NIOCore

/// The received part of a request's body, and the client's allowance for it.
struct RequestBody {
  private(set) var bytes = ByteBuffer()
  private var allowance: Allowance?

  /// Appends received bytes.
  ///
  /// - Parameter allow: called for the first bytes.
  /// - Throws: if the body exceeds the maximum size, or the client's share of unfinished bodies is used up.
  mutating func append(
    _ more: ByteBuffer, limits: HTTPLimits, _ allow: (Int) throws(RequestRefusal) -> Allowance
  ) throws(RequestRefusal) {
    guard bytes.readableBytes + more.readableBytes <= limits.bodyBytes else {
      throw RequestRefusal(.bodyTooLarge, "the body has more than \(limits.bodyBytes) bytes, the maximum")
    }
    if let allowance {
      try allowance.grow(by: more.readableBytes)
    } else {
      allowance = try allow(more.readableBytes)
    }
    bytes.writeImmutableBuffer(more)
  }
}

/// What is known about the client of one connection, whichever request found it out.
final class ClientStanding {
  /// Whether the supervisor has said that the client may submit jobs. It still checks each job.
  var maySubmit = false
}

/// A submit whose body waits until it is known whether the client may submit at all.
final class PermissionQuestion {
  let request: Request
  let inquiry: Inquiry
  /// The part of the body that was read before reading was paused.
  var body = RequestBody()
  var hasEnded = false

  init(_ request: Request, _ inquiry: Inquiry) {
    self.request = request
    self.inquiry = inquiry
  }
}

extension JobRequest {
  /// Parses the body of `PUT /v1/jobs/{id}`.
  ///
  /// - Throws: 400 with the location and the fault, for the client's author.
  init(json body: ByteBuffer) throws(RequestRefusal) {
    // Of other encodings JSONDecoder guesses which it is; RFC 8259 section 8.1 allows only this one. A NUL is in all others.
    guard let text = String(validating: body.readableBytesView, as: UTF8.self), !text.utf8.contains(0) else {
      throw RequestRefusal(.badRequest, "the body is not UTF-8")
    }
    if let fault = JobRequest.faultOfText(text) { throw RequestRefusal(.badRequest, fault) }
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
  /// Returns the answer, or throws why there is none.
  func asAnswer() throws(RequestRefusal) -> Answered {
    switch self {
    case .success(let answered): return answered
    case .failure(let problem as Problem): throw RequestRefusal(problem)
    case .failure: throw RequestRefusal(.unavailable, "the agent is stopping or restarting")
    }
  }
}
