import AgentProtocol
import SupervisorLink
import TestSupport
import Testing
import Values

@testable import Listener

/// The result of each request: the status, and the command to the supervisor. Anything that is not in the table of operations is refused
/// without a command.
struct RequestTable {
  struct Case: CustomTestStringConvertible {
    var request: String
    var status: Int
    var asked: JobCommand?
    var testDescription: String { request }

    init(_ request: String, _ status: Int, _ asked: JobCommand? = nil) {
      self.request = request
      self.status = status
      self.asked = asked
    }
  }

  static func id(_ text: String) -> JobID { JobID(text)! }

  static var filter: JobFilter {
    var filter = JobFilter()
    filter.state = .timedOut
    filter.client = Thumbprint(repeating: "0a")
    filter.label = JobLabel(name: "chain", value: "a=b")
    filter.since = Timestamp("2026-11-23T02:00:00Z")
    filter.limit = 7
    filter.cursor = "x/y"
    return filter
  }

  static let found = [
    Case("GET /v1/agent", 200),
    Case("HEAD /v1/agent", 200),
    Case("GET /v1/%61gent", 200),
    Case("GET https://other.example/v1/agent", 200),
    Case("GET /v1/jobs", 200, .listJobs(JobFilter())),
    Case("HEAD /v1/jobs", 200, .listJobs(JobFilter())),
    Case(
      "GET /v1/jobs?state=timed_out&client=\(String(repeating: "0A", count: 32))&label=chain=a%3Db&since=2026-11-23T02:00:00Z"
        + "&limit=7&cursor=x%2Fy", 200, .listJobs(filter)),
    Case("GET /v1/jobs/j1", 200, .showJob(id("j1"), wait: 0)),
    Case("GET /v1/jobs/j1?wait=1.5", 200, .showJob(id("j1"), wait: 1.5)),
    Case("GET /v1/jobs/j1?wait=3600", 200, .showJob(id("j1"), wait: 3600)),
    Case("GET /v1/jobs/j1?wait=1e1", 200, .showJob(id("j1"), wait: 10)),
    Case("GET /v1/jobs/%6A1", 200, .showJob(id("j1"), wait: 0)),
    Case("GET /v1/jobs/cancel", 200, .showJob(id("cancel"), wait: 0)),
    Case("POST /v1/jobs/j1/cancel", 200, .cancelJob(id("j1"))),
    Case("DELETE /v1/jobs/j1", 204, .deleteJob(id("j1"))),
    Case(
      "GET /v1/jobs/\(String(repeating: "x", count: 128))", 200,
      .showJob(id(String(repeating: "x", count: 128)), wait: 0)),
  ]

  static let refused = [
    // Unknown paths.
    Case("GET /", 404), Case("GET /v1", 404), Case("GET /v1/agent/", 404), Case("GET //v1/agent", 404),
    Case("GET /v1/Agent", 404), Case("GET /v2/agent", 404), Case("GET /v1/../v1/agent", 404),
    Case("GET /v1/jobs/j1/", 404), Case("GET /v1/jobs/j1/outputs", 404), Case("GET /v1/jobs/j1/output/x", 404),
    Case("GET /metrics/", 404), Case("GET /v1/metrics", 404), Case("GET /v1/jobs%2Fj1", 404),
    // Unsupported methods.
    Case("POST /v1/agent", 405), Case("POST /metrics", 405), Case("PUT /v1/agent", 405), Case("DELETE /v1/jobs", 405),
    Case("PUT /v1/jobs", 405),
    Case("POST /v1/jobs/j1", 405), Case("PATCH /v1/jobs/j1", 405), Case("GET /v1/jobs/j1/cancel", 405),
    Case("HEAD /v1/jobs/j1/cancel", 405), Case("PUT /v1/jobs/j1/output", 405), Case("OPTIONS /v1/agent", 405),
    Case("TRACE /v1/agent", 405), Case("POST /v1/events", 405), Case("PROPFIND /v1/jobs", 405),
    // Invalid ids.
    Case("GET /v1/jobs/", 400), Case("GET /v1/jobs/.hidden", 400), Case("GET /v1/jobs/..", 400),
    Case("GET /v1/jobs/a%2Fb", 400), Case("GET /v1/jobs/%2e%2e", 400), Case("GET /v1/jobs/a%00", 400),
    Case("GET /v1/jobs/a%0a", 400), Case("GET /v1/jobs/%C3%A9", 400), Case("GET /v1/jobs/a~b", 400),
    Case("GET /v1/jobs/\(String(repeating: "x", count: 129))", 400), Case("DELETE /v1/jobs/a%zz", 400),
    // Unknown parameters or invalid values.
    Case("GET /v1/agent?x=1", 400), Case("GET /v1/jobs?stat=running", 400), Case("GET /v1/jobs?state=Running", 400),
    Case("GET /v1/jobs?state=", 400), Case("GET /v1/jobs?state=running&state=failed", 400),
    Case("GET /v1/jobs?limit=0", 400), Case("GET /v1/jobs?limit=1001", 400), Case("GET /v1/jobs?limit=-1", 400),
    Case("GET /v1/jobs?limit=1e2", 400), Case("GET /v1/jobs?client=ab", 400), Case("GET /v1/jobs?since=yesterday", 400),
    Case("GET /v1/jobs?label=chain", 400), Case("GET /v1/jobs?label=", 400),
    Case("GET /v1/jobs?label=a=\(String(repeating: "v", count: 1025))", 400),
    Case("GET /v1/jobs?cursor=", 400), Case("GET /v1/jobs?cursor=\(String(repeating: "c", count: 257))", 400),
    Case("GET /v1/jobs/j1?wait=", 400), Case("GET /v1/jobs/j1?wait=-1", 400), Case("GET /v1/jobs/j1?wait=3601", 400),
    Case("GET /v1/jobs/j1?wait=nan", 400), Case("GET /v1/jobs/j1?wait=inf", 400),
    Case("GET /v1/jobs/j1?wait=0x1", 400), Case("GET /v1/jobs/j1?wait=1&wait=1", 400),
    Case("GET /v1/jobs/j1?wait=.5", 400),
    Case("GET /v1/jobs/j1/output?offset=-1", 400), Case("GET /v1/jobs/j1/output?offset=1.0", 400),
    Case("GET /v1/jobs/j1/output?stream=stdin", 400), Case("GET /v1/jobs/j1/output?stream", 400),
    Case("GET /v1/jobs/j1/output?offset=9223372036854775808", 400), Case("GET /v1/jobs/j1/output?follow=maybe", 400),
    Case("GET /v1/events?since=", 400), Case("GET /v1/events?since=1", 400), Case("GET /v1/events?since=1-x", 400),
    Case("GET /v1/events?after=1-1", 400),
    Case("POST /v1/jobs/j1/cancel?now=1", 400), Case("DELETE /v1/jobs/j1?force=1", 400),
  ]

  static func supervisor() -> ScriptedSupervisor {
    ScriptedSupervisor { command in
      switch command {
      case .listJobs: .jobs(JobPageDocument(jobs: JSONWriter(), count: 0, cursor: nil))
      case .deleteJob: .deleted
      case .submitJob: (try? JobStatus.sample()).map { .job($0, created: true) }
      default: (try? JobStatus.sample()).map { .job($0, created: false) }
      }
    }
  }

  @Test(arguments: found) func isAnswered(_ expected: Case) throws {
    let conversation = try Conversation(Self.supervisor())
    let answer = conversation.exchange("\(expected.request) HTTP/1.1\r\nHost: agent\r\n\r\n")
    #expect(answer.status == expected.status)
    #expect(conversation.supervisor.commands == [expected.asked].compactMap { $0 })
    #expect(conversation.supervisor.clients.allSatisfy { $0 == Conversation.client })
    #expect(conversation.isOpen)
  }

  @Test(arguments: refused) func isRefused(_ expected: Case) throws {
    let conversation = try Conversation(Self.supervisor())
    let answer = conversation.exchange("\(expected.request) HTTP/1.1\r\nHost: agent\r\n\r\n")
    #expect(answer.status == expected.status)
    #expect(conversation.supervisor.commands.isEmpty)
    if !expected.request.hasPrefix("HEAD") {
      #expect(answer.fields["content-type"] == "application/problem+json")
      #expect(answer.body.contains("\"status\":\(expected.status)"))
    }
    #expect(conversation.isOpen, "a refused request is no reason to lose the connection")
  }

  /// Every path with every method: one that it does not have is refused in words, which name those that it has, as `Allow` does.
  @Test(arguments: Set(Operation.allCases.map(\.path)))
  func theMethodsAreNamed(_ path: [String]) throws {
    let existing = Operation.allCases.filter { $0.path == path }.map(\.method.rawValue)
    let allowed = existing.flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] }
    let target = path.map { "/\($0 == "{id}" ? "j1" : $0)" }.joined()
    for method in ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "MKCOL", "X-NEW"]
    where !allowed.contains(method) {
      let answer = try Conversation().exchange("\(method) \(target) HTTP/1.1\r\nHost: agent\r\n\r\n")
      // The parser refuses methods that it does not know.
      if method == "X-NEW" {
        #expect([400, 405].contains(answer.status))
        continue
      }
      #expect(answer.status == 405 && answer.fields["allow"] == allowed.joined(separator: ", "))
      let detail = "this resource does not have the method \(method); it has \(allowed.joined(separator: ", "))"
      #expect(answer.body.contains("\"detail\":\"\(detail)\""), "\(answer.body)")
    }
  }

  @Test func misspeltParametersGetAHint() throws {
    let answer = try Conversation().exchange("GET /v1/jobs?stat=running HTTP/1.1\r\nHost: agent\r\n\r\n")
    #expect(answer.body.contains(#"unknown query parameter \"stat\"; did you mean \"state\"?"#))
  }
}
