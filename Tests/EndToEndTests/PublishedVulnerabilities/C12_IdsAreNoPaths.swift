// The vulnerabilities: CVE-2020-11652 and PYSEC-2017-35 of Salt, CVE-2020-27195 of Nomad: ids and names that are paths, and links, escaped
// from the agent's folder.
// The promise: an id that could be a path is refused before anything is created; a link in place of a job's file is not followed.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct C12_IdsAreNoPaths {
  @Test(arguments: [
    "..", "%2e%2e", "..%2f..%2fescaped", "a%2fb", "%2fetc", ".hidden", "a%00b", "a%0ab",
    "a b".replacing(" ", with: "%20"),
    "%c3%a4", "a%5cb", String(repeating: "a", count: 129),
  ])
  func aPathIsNoID(_ id: String) async throws {
    let agent = try await Installation.running()
    let before = try FolderImage(of: agent.folder.path("state/jobs"))
    let answer = try await agent.request(
      "PUT", "jobs/\(id)", body: #"{"command": ["/bin/true"]}"#, curl: ["--path-as-is"])
    #expect((400...405).contains(answer.status), "\(answer.status) \(answer.text)")
    #expect(try FolderImage(of: agent.folder.path("state/jobs")) == before)
    #expect(try await agent.finish(String(repeating: "a", count: 128), ["/bin/true"]).status.state == .succeeded)
  }

  @Test func aLinkIsNotFollowed() async throws {
    let agent = try await Installation.running()
    try await agent.finish("job", ["/bin/echo", "own"])
    let output = agent.folder.path("state/jobs/job/output")
    try agent.folder.write("precious", "precious\n")
    try checked("unlink") { unlink(output) }
    try checked("symlink") { symlink(agent.folder.path("precious"), output) }
    let answer = try await agent.request("GET", "jobs/job/output")
    #expect(answer.status == 500 && !answer.text.contains("precious\n"), "\(answer.text)")
    #expect(try await agent.request("DELETE", "jobs/job").status == 204)
    #expect(try agent.folder.read("precious") == "precious\n")
  }
}
