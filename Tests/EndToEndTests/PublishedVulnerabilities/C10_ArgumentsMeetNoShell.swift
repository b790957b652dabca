// The vulnerabilities: CVE-2013-1362 and CVE-2014-2913 of NRPE: a shell executed $() and newlines in arguments.
// The promise: arguments, environment and input reach the job byte for byte, exactly as in the request.
import TestSupport
import Testing

@Suite struct C10_ArgumentsMeetNoShell {
  private static let arguments = [
    "$(id > /tmp/x)", "`id`", "a\nid", "; id", "| id", "&& id", "> /etc/passwd", "'", "\"", "\\", "*", "~root", "$HOME",
    "-rf", "--",
    "\r\n", "%s%n", "@file", "", " ", "\u{1}\u{7f}", "ä\u{1F600}\u{200e}",
  ]

  @Test func everyByteArrives() async throws {
    let agent = try await Installation.running()
    let job = try await agent.finish("odd", ["printf", "%s\\0"] + Self.arguments)
    #expect(job.status.state == .succeeded)
    #expect(job.output == Self.arguments.map { "\($0)\0" }.joined())
  }

  /// JSON can express it, execve(2) cannot: the argument would be truncated.
  @Test func aNULIsRefused() async throws {
    let agent = try await Installation.running()
    for body in [
      #"{"command": ["/bin/echo", "a\u0000b"]}"#, #"{"command": ["/bin/echo"], "environment": {"A": "a\u0000b"}}"#,
      #"{"command": ["/bin/echo"], "directory": "/a\u0000b"}"#, #"{"command": ["/bin/echo"], "user": "nobody\u0000x"}"#,
    ] {
      #expect(try await agent.request("PUT", "jobs/nul", body: body).status == 400, "\(body)")
    }
    #expect(try await agent.finish("good", ["/bin/echo", "good"]).output == "good\n")
  }
}
