// The vulnerability: CVE-2020-11651 of Salt. Internal methods could be called from outside.
// The promise: only what is in the table exists: every other method and path is refused, whoever asks.
import TestSupport
import Testing

@Suite struct C11_OnlyTheMethodsOfTheTable {
  private static let methods = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MKCOL", "submitJob",
  ]
  /// The methods of each path; HEAD is allowed with GET.
  private static let table = [
    "agent": ["GET"], "jobs": ["GET"], "jobs/a": ["GET", "PUT", "DELETE"], "jobs/a/output": ["GET"],
    "jobs/a/cancel": ["POST"],
  ]
  private static let elsewhere = [
    "", "jobs/", "jobs/a/", "jobs/a/start", "jobs/a/shepherd", "jobs/a/output/x", "ledger", "reload", "configure",
    "drain",
    "../v1/../agent/x", "jobs/../../etc/passwd", "jobs/%2e%2e/output", "jobs/a%2foutput",
  ]

  @Test func isThere() async throws {
    let agent = try await Installation.running()
    for (path, methods) in Self.table.sorted(by: { $0.key < $1.key }) {
      for method in Self.methods where !methods.contains(method) && !(method == "HEAD" && methods.contains("GET")) {
        let status = try await agent.request(method, path, curl: ["--head"].filter { _ in method == "HEAD" }).status
        #expect([400, 405, 501].contains(status), "\(method) \(path): \(status)")
      }
    }
    for path in Self.elsewhere {
      for method in ["GET", "PUT", "POST", "DELETE"] {
        let status = try await agent.request(method, path, curl: ["--path-as-is"]).status
        #expect([400, 404, 405].contains(status), "\(method) \(path): \(status)")
      }
    }
    #expect(try await agent.request("GET", "jobs").text.contains(#""jobs":[]"#))
    #expect(try await agent.finish("a", ["/bin/true"]).status.state == .succeeded)
  }
}
