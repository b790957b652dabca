import AgentProtocol
import MetricsText
import NIOCore
import NIOHTTP1
import SupervisorLink

/// A complete answer in memory.
struct Reply {
  var status: HTTPResponseStatus
  var contentType: String
  var body: ByteBuffer
  /// Fields in addition to those of every answer.
  var fields: [(String, String)] = []

  init(_ status: HTTPResponseStatus, json body: ByteBuffer) {
    self.status = status
    self.body = body
    contentType = "application/json"
  }

  init(metrics body: ByteBuffer) {
    status = .ok
    self.body = body
    contentType = Exposition.contentType
  }

  /// Creates the answer to a refused request; RFC 9457.
  init(_ refusal: RequestRefusal) {
    let problem = refusal.problem
    status = HTTPResponseStatus(statusCode: problem.kind.status)
    contentType = "application/problem+json"
    body = (try? JSONAnswer.encode(ProblemDocument(problem))) ?? ByteBuffer()
    if !refusal.allow.isEmpty { fields.append(("Allow", refusal.allow.joined(separator: ", "))) }
    if let size = refusal.size { fields.append(("Content-Range", "bytes */\(size)")) }
    switch problem.kind {
    case .full: fields.append(("Retry-After", "5"))
    case .unavailable, .tooMuch: fields.append(("Retry-After", "1"))
    default: break
    }
  }

  /// Creates the answer from the supervisor's, except for requests for output.
  init(_ answer: JobAnswer, _ metrics: ListenerMetrics) throws(RequestRefusal) {
    switch answer {
    case .jobDocument(let json, let created):
      self.init(created == nil ? .ok : .created, json: ByteBuffer(string: json + "\n"))
      if let created { fields.append(("Location", "/v1/jobs/\(created)")) }
    case .jobs(let page):
      self.init(.ok, json: ByteBuffer(string: page.json + "\n"))
    case .cancelled(let jobs):
      self.init(.ok, json: try JSONAnswer.encode(jobs))
    case .deleted:
      self.init(.noContent, json: ByteBuffer())
    case .accepted:
      self.init(.accepted, json: ByteBuffer(string: "{}\n"))
    case .metrics(let figures):
      self.init(metrics: MetricsPage(metrics: metrics).text(figures))
    case .problem(let problem):
      throw RequestRefusal(problem)
    case .job, .output, .events, .permitted:
      throw RequestRefusal(.fault, "the supervisor sent an answer to another question")
    }
  }
}
