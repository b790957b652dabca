// Goal: no job runs as a user that agentd itself runs as, however it is requested: it could read the key in the signer's memory, or
// impersonate the listener. The user ID decides, and whether a group is agentd's.
import AgentProtocol
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root runs jobs as other users"))
struct NoJobRunsAsAgentdsOwnUser {
  /// A host on which the listener's user has a second name, and another user is a member of its group.
  private func host(_ configuration: String = "") async throws -> (agent: Installation, wrapper: [String]) {
    let agent = try await Installation(configuration: configuration)
    try await agent.register()
    let own = try #require(getpwnam(Installation.listenerUser)).pointee
    for (file, lines) in [
      (
        "passwd",
        [
          "other-name:x:\(own.pw_uid):4901::/:/bin/sh", "friend:x:4902:4901::/:/bin/sh",
          "turncoat:x:4903:4901::/:/bin/sh",
        ]
      ),
      ("group", ["plain:x:4901:"]),
    ] {
      let system = try await run("cat", "/etc/\(file)").outputText
      try agent.folder.write(file, system + lines.joined(separator: "\n") + "\n")
    }
    let groups = try agent.folder.read("group").split(separator: "\n").map { line in
      line.hasPrefix("\(Installation.listenerUser):") ? "\(line)\(line.hasSuffix(":") ? "" : ",")friend" : "\(line)"
    }
    try agent.folder.write("group", groups.joined(separator: "\n") + "\n")
    let mounts = "mount --bind passwd /etc/passwd && mount --bind group /etc/group && exec \"$@\""
    return (agent, ["unshare", "--mount", "/bin/sh", "-c", mounts, "sh"])
  }

  private func answer(_ agent: Installation, _ id: String, _ fields: String) async throws -> Response {
    try await agent.request("PUT", "jobs/\(id)", body: #"{"command": ["/usr/bin/id"], "directory": "/"\#(fields)}"#)
  }

  @Test func byWhateverName() async throws {
    let (agent, wrapper) = try await host("[jobs]\ndefault_user = \"other-name\"\n")
    try await agent.start(wrapper: wrapper)
    let own = Installation.listenerUser
    let number = try #require(getpwnam(own)).pointee.pw_uid
    for (index, fields) in [
      "", #", "user": "\#(own)""#, #", "user": "\#(Installation.signerUser)""#, #", "user": "other-name""#,
      #", "user": "friend""#,
      #", "user": "friend", "group": "\#(own)""#, #", "user": "turncoat", "group": "\#(own)""#,
    ].enumerated() {
      let refused = try await answer(agent, "refused-\(index)", fields)
      #expect(refused.status == 403, "\(fields): \(refused.text)")
    }
    // A number is not a name: whether or not the host accepts it as one, no job runs.
    let numbered = try await answer(agent, "numbered", #", "user": "\#(number)""#)
    if numbered.status == 201 { #expect(try await agent.job("numbered", wait: 20).state == .couldNotStart) }
    let good = try await agent.finish(
      "good", ["/usr/bin/id", "-un"], fields: #""user": "turncoat""#, #""directory": "/""#)
    #expect(good.output == "turncoat\n")
    try await agent.logLine(with: "warning", "default_user other-name of [jobs] is one that agentd itself runs as")
  }

  @Test func evenIfItBecameThatOneWhileTheJobWaited() async throws {
    let (agent, wrapper) = try await host("[jobs]\nmax_running = 1\n")
    let directory = try agent.gate("first")
    try await agent.start(wrapper: wrapper)
    try await agent.submit("first", ["/bin/sh", "-c", "read line < first"], fields: directory)
    #expect(try await answer(agent, "second", #", "user": "turncoat""#).status == 201)
    let passwd = try agent.folder.read("passwd")
    let number = try #require(getpwnam(Installation.listenerUser)).pointee.pw_uid
    // Change it in place: a different file would not be the mounted one.
    let result = try await run(
      "cp", try agent.folder.write("changed", passwd.replacing("turncoat:x:4903", with: "turncoat:x:\(number)")),
      agent.folder.path("passwd"))
    #expect(result.end == .exited(0))
    try await agent.openGate("first")
    let second = try await agent.job("second", wait: 30)
    #expect(second.state == .couldNotStart || second.state == .cancelled)
    #expect(second.reason?.contains("agentd itself runs as it") == true, "\(second)")
  }

  @Test(arguments: [
    ("[jobs]\ndefault_user = \"other-name\"\n", "default_user other-name of [jobs] is one that agentd itself runs as"),
    (
      "[[client]]\ncertificate = \"*\"\nusers = [\"nobody\", \"other-name\"]\n",
      "user other-name of the table [[client]] in line"
    ),
  ])
  func theCheckOfTheConfigurationSaysSo(configuration: String, message: String) async throws {
    let (agent, wrapper) = try await host(configuration)
    let check = try await TestProcess(
      wrapper + ["\(agent.folder.path("bin"))/jams-agentd", "-t"], environment: agent.environment,
      directory: agent.folder.path
    ).end()
    #expect(check.end == .exited(EX_CONFIG) && check.errorText.contains(message), "\(check.errorText)")
    let explained = try await TestProcess(
      wrapper + [
        "\(agent.folder.path("bin"))/jams-agentd", "-t", "--as", "CN=x", "--user", "other-name", "--", "/bin/true",
      ],
      environment: agent.environment, directory: agent.folder.path
    ).end()
    #expect(explained.end == .exited(EX_NOPERM))
    #expect(explained.outputText.contains("agentd itself runs as it"), "\(explained.outputText)")
  }
}
