import AgentProtocol
import NIOHTTP1
import SupervisorLink
import Values

/// A request that was understood, up to its body.
struct Request {
  /// What is to be done.
  var work: Work
  /// What the answer's form depends on.
  var form: AnswerForm
  /// Whether the client waits for `100 Continue` before it sends the body.
  var expectsContinue: Bool

  enum Work: Equatable {
    /// Answered here.
    case showAgent
    /// Answered by the supervisor; `wait` is how many seconds it may take its time for.
    case ask(JobCommand, wait: Double)
    /// The body says what.
    case submit(JobID)
    /// The supervisor opens the file, it is sent from here.
    case readOutput(JobID, OutputStream, OutputPart)
    /// The supervisor is asked again and again.
    case watchEvents(EventPosition?)
  }

  /// Which part of a stream.
  enum OutputPart: Equatable {
    /// From an offset to the present end.
    case from(Int64)
    /// From an offset to the job's end.
    case follow(Int64)
    /// What a `Range` field says.
    case range(ByteRange)
  }
}

/// What of a request decides the form of its answer.
struct AnswerForm {
  /// The request's version, which the answer takes.
  var version: HTTPVersion
  /// Whether the body is left out (HEAD).
  var isHead: Bool
  /// Whether the connection goes on after the answer.
  var keepAlive: Bool
  /// What was asked for, by which answers are counted; nil as long as that is not understood.
  var operation: Operation?

  init(_ head: HTTPRequestHead) {
    version = head.version
    isHead = head.method == .HEAD
    // After a request to upgrade, the parser reads no more.
    keepAlive = head.isKeepAlive && head.version != .http1_0 && !head.headers.contains(name: "upgrade")
  }
}

extension Request {
  /// Understands a head.
  ///
  /// - Throws: why it is refused.
  init(_ head: HTTPRequestHead, limits: HTTPLimits) throws(RequestRefusal) {
    try HeadRules.check(head)
    // The parser of HTTP/1.1 has counted them; in HTTP/2 nobody has.
    guard head.headers.count <= limits.headerFields else {
      throw RequestRefusal(.headersTooLarge, "at most \(limits.headerFields) header fields are accepted")
    }
    form = AnswerForm(head)
    expectsContinue = HeadRules.expectsContinue(head)
    let announcedBody = HeadRules.announcedBody(head)
    // The one request that every scheduler sends every few seconds does without the table.
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
      throw RequestRefusal(.bodyTooLarge, "at most \(limits.bodyBytes) bytes are accepted")
    }
  }
}

extension Request.Work {
  fileprivate init(_ route: Route, _ query: Query, _ headers: HTTPHeaders) throws(RequestRefusal) {
    switch (route.operation, route.id) {
    case (.showAgent, _): self = .showAgent
    case (.showMetrics, _): self = .ask(.showMetrics, wait: 0)
    case (.listJobs, _): self = .ask(.listJobs(try JobFilter(query)), wait: 0)
    case (.submitJob, let id?): self = .submit(id)
    case (.showJob, let id?):
      let wait = try query.seconds("wait", atMost: JobStatus.maximumWait) ?? 0
      self = .ask(.showJob(id, wait: wait), wait: wait)
    case (.deleteJob, let id?): self = .ask(.deleteJob(id), wait: 0)
    case (.cancelJob, let id?): self = .ask(.cancelJob(id), wait: 0)
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
    // There is no validator that If-Range could match, so the range does not apply; RFC 9110 section 13.1.5.
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
  /// Where a client goes on: as it says itself, or as a browser's EventSource does when it connects again.
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
