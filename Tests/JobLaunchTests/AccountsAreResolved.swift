import AgentProtocol
import Glibc
import JobLaunch
import SystemCalls
import TestSupport
import Testing

/// Goal: users and groups are those that the host's id(1) reports; one that does not exist or is not available is refused by name.
struct AccountsAreResolved {
  @Test(arguments: ["root", "daemon", "nobody", "sys", "games"])
  func asTheHostKnowsThem(_ name: String) async throws {
    try #require(geteuid() == 0)
    let account = try Account.resolve(name)
    let ids = try await run("sh", "-c", "id -u \(name); id -g \(name); id -G \(name)").outputText.split(separator: "\n")
    #expect(account.name == name)
    #expect("\(account.user)" == ids[0])
    #expect("\(account.group)" == ids[1])
    #expect(Set(account.groups.map(String.init)) == Set(ids[2].split(separator: " ").map(String.init)))
    #expect(account.isRoot == (name == "root"))
    #expect(account.home.hasPrefix("/"))
  }

  @Test func anotherPrimaryGroup() throws {
    try #require(geteuid() == 0)
    let account = try Account.resolve("nobody", group: "daemon")
    #expect(account.group == 1)
    #expect(account.groups.contains(1))
  }

  @Test(arguments: [
    ("no-such-user", nil, "unknown user no-such-user"), ("nobody", "no-such-group", "unknown group no-such-group"),
    ("", nil, "unknown user "),
    (String(repeating: "u", count: 4000), nil, "unknown user " + String(repeating: "u", count: 4000)),
  ])
  func unknown(_ user: String, _ group: String?, _ message: String) throws {
    let refusal = try #require(throws: LaunchRefusal.self) { try Account.resolve(user, group: group) }
    #expect(refusal.description == message)
  }

  @Test func nobodyNamed() throws {
    #expect(try Account.resolve(nil).user == geteuid())
  }

  /// As an ordinary user, jobs as oneself work and all others are refused.
  @Test(.enabled(if: geteuid() == 0, "becoming an ordinary user needs root"))
  func withoutRoot() async throws {
    let home = try TemporaryFolder()
    try checked("chown") { chown(home.path, 65534, 65534) }
    // The build may be in a folder that an ordinary user cannot access.
    try home.write(
      "agentd-shepherd", DurableFile.read(BuiltProduct.path("agentd-shepherd"), limit: 1 << 26), mode: 0o755)
    let result = try await run(
      BuiltProduct.path("agentd-test-roles"), "launch-as-ordinary-user", home.path("jobs"), home.path("agentd-shepherd")
    )
    #expect(
      result.outputText == """
        cannot run as user root: agentd is not root and runs jobs only as its own user
        cannot run with another primary group: agentd is not root and keeps its own groups
        65534
        /x
        input
        9

        """)
  }
}
