import Testing

@testable import Listener

/// RFC 3986 section 2.1 and RFC 9112 section 3.2; the expected values are written by hand.
struct RequestTargetTests {
  @Test(arguments: [
    ("/v1/agent", ["v1", "agent"], []),
    ("/", [""], []),
    ("/v1/jobs/a%2Fb", ["v1", "jobs", "a/b"], []),
    ("/v1/jobs/%41%62", ["v1", "jobs", "Ab"], []),
    ("/v1//agent", ["v1", "", "agent"], []),
    ("/v1/../v1/agent", ["v1", "..", "v1", "agent"], []),
    ("/v1/jobs?", ["v1", "jobs"], []),
    ("/v1/jobs?state=running&limit=5", ["v1", "jobs"], ["state=running", "limit=5"]),
    ("/v1/jobs?since=2026-11-23T02:00:00+02:00", ["v1", "jobs"], ["since=2026-11-23T02:00:00+02:00"]),
    ("/v1/jobs?a=b=c%3D%26", ["v1", "jobs"], ["a=b=c=&"]),
    ("/v1/jobs?follow", ["v1", "jobs"], ["follow="]),
    ("/%C3%A9", ["é"], []),
    ("https://agent.example:5773/v1/agent", ["v1", "agent"], []),
    ("HTTPS://agent.example?a=b", [""], ["a=b"]),
  ])
  func takesApart(_ text: String, _ path: [String], _ query: [String]) throws {
    let target = try RequestTarget(text)
    #expect(target.path == path)
    #expect(target.query.map { "\($0.name)=\($0.value)" } == query)
  }

  @Test(arguments: [
    "*", "agent.example:443", "v1/agent", "http://agent.example/v1/agent", "/%", "/%4", "/%zz", "/%4g", "/a%00b",
    "/%ff",
    "/%C3", "/a b", "/a\u{7f}", "/é", "/a#b", "/?=x", "/?a&&b",
    "/" + String(repeating: "a/", count: 20), "/?" + String(repeating: "a=b&", count: 20),
  ])
  func refuses(_ text: String) {
    #expect(throws: RequestRefusal.self) { try RequestTarget(text) }
  }
}
