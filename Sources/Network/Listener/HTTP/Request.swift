import AgentProtocol
import NIOHTTP1
import SupervisorLink
import Values
import Wording

/// A parsed request, without its body.
struct Request {
  /// What to do.
  var work: Work
  /// What determines the form of the answer.
  var form: AnswerForm
  /// Whether the client waits for `100 Continue` before it sends the body.
  var expectsContinue: Bool

  /// Whether its body is a job.
  var bringsJob: Bool { if case .submit = work { true } else { false } }

  enum Work: Equatable {
    /// Answered by the listener.
    case showAgent
    /// Answered by the supervisor, which may delay its answer by up to `wait` seconds.
    case ask(JobCommand, wait: Double)
    /// The body contains the job.
    case submit(JobID, TraceContext?)
    /// The supervisor opens the file, the listener sends it.
    case readOutput(JobID, OutputStream, OutputPart)
    /// The supervisor is asked repeatedly.
    case watchEvents(EventPosition?)
  }

  /// A part of an output stream.
  enum OutputPart: Equatable {
    /// From an offset to the current end.
    case from(Int64)
    /// From an offset to the job's end.
    case follow(Int64)
    /// The range of a `Range` field.
    case range(ByteRange)
  }
}

/// The properties of a request that determine the form of its answer.
struct AnswerForm {
  /// The version of the request, which the answer uses.
  var version: HTTPVersion
  /// Whether to omit the body (HEAD).
  var isHead: Bool
  /// Whether the connection stays open after the answer.
  var keepAlive: Bool
  /// The operation, by which answers are counted; `nil` until it is known.
  var operation: Operation?

  init(_ head: HTTPRequestHead) {
    version = head.version
    isHead = head.method == .HEAD
    // After a request to upgrade, the parser stops reading.
    keepAlive = head.isKeepAlive && head.version != .http1_0 && !head.headers.contains(name: "upgrade")
  }
}

extension Request {
  /// Parses a head.
  ///
  /// - Throws: the reason for a refusal.
  init(_ head: HTTPRequestHead, limits: HTTPLimits) throws(RequestRefusal) {
    try HeadRules.check(head)
    // The HTTP/1.1 parser has counted them; in HTTP/2 nothing has.
    guard head.headers.count <= limits.headerFields else {
      throw RequestRefusal(.headersTooLarge, "at most \(limits.headerFields) header fields are accepted")
    }
    form = AnswerForm(head)
    expectsContinue = HeadRules.expectsContinue(head)
    let announcedBody = HeadRules.announcedBody(head)
    // The one request that every scheduler sends every few seconds skips the table.
    if head.uri == "/v1/agent", head.method == .GET, announcedBody == .none {
      work = .showAgent
      form.operation = .showAgent
      return
    }
    let target = try RequestTarget(head.uri)
    let route = try Route(head.method, target.path)
    form.operation = route.operation
    work = try Work(route, Query(target.query, for: route.operation), head.headers)
    guard route.operation.takesBody else {
      if announcedBody != .none { throw RequestRefusal(.badRequest, "this request takes no body") }
      return
    }
    try HeadRules.checkContentType(head)
    if case .bytes(let count) = announcedBody, count > limits.bodyBytes {
      throw RequestRefusal(.bodyTooLarge, "the body has more than \(limits.bodyBytes) bytes, the maximum")
    }
  }
}

extension Request.Work {
  fileprivate init(_ route: Route, _ query: Query, _ headers: HTTPHeaders) throws(RequestRefusal) {
    switch (route.operation, route.id) {
    case (.showAgent, _): self = .showAgent
    case (.showMetrics, _): self = .ask(.showMetrics, wait: 0)
    case (.refreshAgent, _): self = .ask(.refresh, wait: 0)
    case (.listJobs, _): self = .ask(.listJobs(try JobFilter(query)), wait: 0)
    case (.submitJob, let id?):
      self = .submit(
        id, TraceContext(parents: headers["traceparent"], states: headers["tracestate"]))
    case (.showJob, let id?):
      let wait = try query.seconds("wait", atMost: JobStatus.maximumWait) ?? 0
      self = .ask(.showJob(id, wait: wait), wait: wait)
    case (.deleteJob, let id?): self = .ask(.deleteJob(id), wait: 0)
    case (.cancelJob, let id?): self = .ask(.cancelJob(id), wait: 0)
    case (.cancelJobs, _):
      let limit = CancelledJobs.maximumSubjectLength
      guard let subject = try query.text("client", atMost: 4 * limit), subject.unicodeScalars.count <= limit else {
        throw RequestRefusal(
          .badRequest, "client: the subject of the client whose jobs are to end, 1 to \(limit) characters, is expected")
      }
      self = .ask(.cancelJobs(of: subject), wait: 0)
    case (.watchEvents, _): self = .watchEvents(try EventPosition(query, headers))
    case (.readOutput, let id?):
      let stream = try query.value("stream", "stdout or stderr", OutputStream.init(rawValue:)) ?? .stdout
      self = .readOutput(id, stream, try Request.OutputPart(query, headers))
    case (_, nil): throw RequestRefusal(.fault, "the route of \(route.operation) has no id")
    }
  }
}

extension Request.OutputPart {
  fileprivate init(_ query: Query, _ headers: HTTPHeaders) throws(RequestRefusal) {
    let offset = try query.number("offset", 0...Int64.max)
    let follow = try query.flag("follow")
    // No validator exists that If-Range could match, so the range does not apply; RFC 9110 section 13.1.5.
    if let field = headers.first(name: "range"), !headers.contains(name: "if-range"), let range = ByteRange(field) {
      if follow || offset != nil {
        throw RequestRefusal(.badRequest, "a Range field cannot be combined with \"offset\" or \"follow\"")
      }
      self = .range(range)
    } else {
      self = follow ? .follow(offset ?? 0) : .from(offset ?? 0)
    }
  }
}

extension EventPosition {
  /// Reads the position to resume from: the query's, or the one that a browser's EventSource sends when it reconnects.
  fileprivate init?(_ query: Query, _ headers: HTTPHeaders) throws(RequestRefusal) {
    let expected = "the id of an event"
    if let position = try query.value("since", expected, { EventPosition($0) }) {
      self = position
      return
    }
    guard let field = headers.first(name: "last-event-id"), !field.isEmpty else { return nil }
    guard let position = EventPosition(field) else {
      throw RequestRefusal(.badRequest, "Last-Event-ID must be \(expected)")
    }
    self = position
  }
}

extension JobFilter {
  fileprivate init(_ query: Query) throws(RequestRefusal) {
    self.init()
    state = try query.value("state", "a job state, for example \"running\"", JobState.init(rawValue:))
    client = try query.value("client", "a SHA-256 thumbprint of 64 hex digits") { Thumbprint($0) }
    label = try query.value("label", "NAME=VALUE, a label of at most 1024 bytes each", JobLabel.init)
    since = try query.value("since", "an RFC 3339 time, for example 2026-11-23T02:00:00Z", Timestamp.init)
    limit = Int(try query.number("limit", 1...Int64(JobFilter.maximumLimit)) ?? Int64(JobFilter.defaultLimit))
    cursor = try query.text("cursor", atMost: 256)
  }
}
