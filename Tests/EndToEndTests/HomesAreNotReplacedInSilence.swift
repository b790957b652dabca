// Goal: a job whose home is missing or refuses it runs in /, as at a login, and the result says so; a directory that the request names is
// never replaced. A user without an entry (containers) keeps the home that agentd was started with.
import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can start a job as another user")) struct HomesAreNotReplacedInSilence {
  private struct Home {
    let name: String
    let home: String
    /// The reason in the result, with HOME for the folder of the test.
    let reason: String?
    let directory: String
  }

  private static let homes = [
    Home(name: "h-good", home: "HOME/good", reason: nil, directory: "HOME/good"),
    Home(
      name: "h-missing", home: "/home/not-mounted",
      reason: "its home /home/not-mounted cannot be entered (No such file or directory): it ran in /", directory: "/"),
    Home(
      name: "h-closed", home: "HOME/closed",
      reason: "its home HOME/closed cannot be entered (Permission denied): it ran in /", directory: "/"),
    Home(
      name: "h-below", home: "HOME/closed/below",
      reason: "its home HOME/closed/below cannot be entered (Permission denied): it ran in /", directory: "/"),
    Home(
      name: "h-file", home: "/etc/passwd",
      reason: "its home /etc/passwd cannot be entered (Not a directory): it ran in /", directory: "/"),
    Home(
      name: "h-loop", home: "HOME/loop",
      reason: "its home HOME/loop cannot be entered (Too many levels of symbolic links): it ran in /", directory: "/"),
    Home(
      name: "h-empty", home: "",
      reason: "the user database has no absolute path as the home of its user: it ran in /", directory: "/"),
    Home(
      name: "h-relative", home: "home/x",
      reason: "the user database has no absolute path as the home of its user: it ran in /", directory: "/"),
    // Debian's name for "has no home".
    Home(name: "h-none", home: "/nonexistent", reason: nil, directory: "/"),
    Home(name: "h-root", home: "/", reason: nil, directory: "/"),
  ]

  @Test func theResultSaysSo() async throws {
    let agent = try await Installation()
    try await agent.register()
    let folder = agent.folder
    chmod(folder.path, 0o711)
    for (name, mode) in [("good", 0o755), ("closed", 0o700), ("closed/below", 0o755)] as [(String, mode_t)] {
      try Folder.make(folder.path(name), mode: mode)
    }
    try checked("symlink") { symlink(folder.path("loop"), folder.path("loop")) }
    let lines = Self.homes.enumerated().map { number, home in
      "\(home.name):x:\(4820 + number):\(4820 + number)::\(home.home.replacing("HOME", with: folder.path)):/bin/sh\n"
    }
    try folder.write("passwd", try await run("cat", "/etc/passwd").outputText + lines.joined())
    try await agent.start(wrapper: [
      "unshare", "--mount", "/bin/sh", "-c", "mount --bind passwd /etc/passwd && exec \"$@\"", "sh",
    ])
    for home in Self.homes {
      let job = try await agent.finish(home.name, ["/bin/pwd"], fields: "\"user\": \"\(home.name)\"")
      #expect(job.status.state == .succeeded, "\(home.name): \(job.status.reason ?? "")")
      #expect(job.status.reason == home.reason?.replacing("HOME", with: folder.path), "\(home.name)")
      #expect(job.output == home.directory.replacing("HOME", with: folder.path) + "\n", "\(home.name)")
      let named = try await agent.finish(
        "\(home.name)-named", ["/bin/pwd"], fields: "\"user\": \"\(home.name)\"", "\"directory\": \"/usr\"")
      #expect(named.output == "/usr\n" && named.status.reason == nil, "\(home.name)")
    }
    let failing = try await agent.finish(
      "fails", ["/bin/sh", "-c", "exit 3"], fields: "\"user\": \"h-missing\""
    ).status
    #expect(failing.exitCode == 3 && failing.reason?.contains("/home/not-mounted") == true)
    let refused = try await agent.finish(
      "directory", ["/bin/pwd"], fields: "\"user\": \"h-good\"", "\"directory\": \"\(folder.path("closed"))\""
    ).status
    #expect(refused.state == .couldNotStart)
    #expect(refused.reason == "cannot enter directory \(folder.path("closed")): Permission denied")
  }

  /// agentd and its jobs run as a user that no database knows.
  @Test(
    arguments: [("HOME/own", "HOME/own", nil), (nil, "/", nil), ("relative", "/", nil)] as [(String?, String, String?)])
  func aUserWithoutAnEntryKeepsAgentdsHome(_ home: String?, _ expected: String, _ reason: String?) async throws {
    let agent = try await Installation(users: "")
    try await agent.register()
    try Folder.make(agent.folder.path("own"), mode: 0o755)
    let given = home.map { "HOME=\($0.replacing("HOME", with: agent.folder.path))" }
    try await agent.startWithoutAnEntry(["env", "-u", "HOME"] + (given.map { [$0] } ?? []))
    let directory = expected.replacing("HOME", with: agent.folder.path)
    let job = try await agent.finish("home", ["/bin/sh", "-c", "pwd; echo $HOME $USER; id -u"])
    #expect(job.output == "\(directory)\n\(directory) 123457\n123457\n")
    #expect(job.status.user == "123457" && job.status.reason == reason)
    // The name under which its jobs are recorded is one that a request may give.
    #expect(
      try await agent.finish("named", ["/usr/bin/id", "-u"], fields: "\"user\": \"123457\"").output == "123457\n")
    #expect(
      try await agent.request("PUT", "jobs/other", body: #"{"command": ["/bin/true"], "user": "nobody"}"#).status == 403
    )
  }
}

extension Installation {
  /// The ID of a user that is in no database.
  static let userWithoutEntry: uid_t = 123_457

  /// Starts agentd as a user that is in no database.
  func startWithoutAnEntry(_ wrapper: [String] = []) async throws {
    let user = "\(Self.userWithoutEntry)"
    let owned = try await TestProcess(["chown", "-R", "\(user):\(user)", folder.path]).end()
    if owned.end != .exited(0) { throw HarnessError(owned.errorText) }
    let become = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
    try await start(wrapper: wrapper + become)
  }
}
