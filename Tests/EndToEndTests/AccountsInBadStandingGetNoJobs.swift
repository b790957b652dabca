// Goal: a job of an expired account, or of one without a login shell where that is required, does not start and says why; others do.
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can start a job as another user")) struct AccountsInBadStandingGetNoJobs {
  /// Users of this test only, in a mount namespace of this agentd only.
  private func agent(_ configuration: String) async throws -> Installation {
    let agent = try await Installation(configuration: configuration)
    try await agent.register()
    for (file, lines) in [
      (
        "passwd",
        "a-good:x:4801:4801::/:/bin/sh\na-gone:x:4802:4802::/:/bin/sh\na-service:x:4803:4803::/:/usr/sbin/nologin"
      ),
      ("shadow", "a-good:!:19000::::::\na-gone:!:19000:::::19700:\na-service:*:19000:0:1:7:::"),
    ] {
      let system = try await run("cat", "/etc/\(file)").outputText
      try agent.folder.write(file, system + lines + "\n", mode: 0o600)
    }
    let mounts = """
      chmod 644 passwd && mount --bind passwd /etc/passwd && mount --bind shadow /etc/shadow && exec "$@"
      """
    try await agent.start(wrapper: ["unshare", "--mount", "/bin/sh", "-c", mounts, "sh"])
    return agent
  }

  @Test func expired() async throws {
    let agent = try await agent("")
    let refused = try await agent.finish("gone", ["/bin/true"], fields: #""user": "a-gone""#).status
    #expect(refused.state == .couldNotStart)
    #expect(refused.reason == "cannot run as user a-gone: the account expired on 2023-12-09")
    // A locked or expired password prevents logins with it, but not jobs.
    for user in ["a-good", "a-service"] {
      #expect(
        try await agent.finish(user, ["/usr/bin/id", "-un"], fields: "\"user\": \"\(user)\"").output == "\(user)\n")
    }
  }

  @Test func withoutALoginShell() async throws {
    let agent = try await agent("[jobs]\nlogin_shell_required = true\n")
    let refused = try await agent.finish("service", ["/bin/true"], fields: #""user": "a-service""#).status
    #expect(refused.state == .couldNotStart)
    #expect(try #require(refused.reason).contains("its login shell is /usr/sbin/nologin"))
    #expect(try await agent.finish("good", ["/bin/true"], fields: #""user": "a-good""#).status.state == .succeeded)
    let login = try await agent.finish(
      "login", ["/bin/sh", "-c", "echo $0 $HOME"], fields: #""user": "a-good""#, #""login": true"#)
    #expect(login.output == "/bin/sh /\n")
  }
}
