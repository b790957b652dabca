// Goal: clients that see only their own jobs are also separated by users: the request names the user, or the client's table does; giving
// two of them the same user causes a warning.
import AgentProtocol
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "without root all jobs run as one user"))
struct OwnJobsAreOfUsersOfTheirOwn {
  private static func table(_ client: String, _ more: String) -> String {
    "[[client]]\ncertificate = \"CN=\(client)\"\n\(more)\n"
  }

  @Test func aRequestNamesAUserUnlessTheTableDoes() async throws {
    let agent = try await Installation.running(
      configuration: Self.table("Executor Connector", "") + Self.table("Second", "default_user = \"daemon\"")
        + Self.table("Third", "jobs = \"all\""))
    func put(_ id: String, _ fields: String = "", as client: String? = nil) async throws -> Response {
      try await agent.request(
        "PUT", "jobs/\(id)", body: #"{"command": ["/usr/bin/id", "-un"], "directory": "/"\#(fields)}"#,
        as: client.map { Presented(try PKI.shared.client($0, by: agent.certificates.root)) })
    }
    let refused = try await put("none")
    #expect(refused.status == 422 && refused.text.contains("default_user"), "\(refused.text)")
    #expect(try await put("named", #", "user": "nobody""#).status == 201)
    #expect(try await put("of-table", as: "Second").text.contains(#""user":"daemon""#))
    #expect(try await put("of-agent", as: "Third").text.contains(#""user":"nobody""#))
  }

  @Test func whoGivesTwoOfThemOneUserIsTold() async throws {
    let shared = "users = [\"nobody\", \"daemon\"]"
    let agent = try await Installation(
      configuration: Self.table("Executor Connector", shared) + Self.table("Second", "users = [\"daemon\"]"))
    try await agent.register()
    try await agent.start()
    let warning = "may run jobs as one user (daemon)"
    try await agent.logLine(with: "warning", warning)
    let check = try await TestProcess(
      ["\(agent.folder.path("bin"))/jams-agentd", "-t"], environment: agent.environment, directory: agent.folder.path
    ).end()
    #expect(check.end == .exited(EX_OK) && check.outputText.contains(warning), "\(check.outputText)")

    let before = agent.log.utf8.count
    try agent.folder.write(
      "agentd.toml", try agent.folder.read("agentd.toml").replacing(shared, with: "users = [\"nobody\"]"))
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete", after: before)
    #expect(try await agent.finish("a", ["/bin/true"], fields: #""user": "nobody""#).status.state == .succeeded)
    #expect(!String(decoding: agent.log.utf8.dropFirst(before), as: UTF8.self).contains("may run jobs as one user"))
  }
}
