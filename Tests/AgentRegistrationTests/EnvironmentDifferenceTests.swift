import FoundationEssentials
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import AgentRegistration

/// A job and a login together find how a job's environment differs from a login's.
struct EnvironmentDifferenceTests {
  private struct Found: Decodable {
    struct Pair: Decodable, Equatable {
      let name: String
      var job, login: String?
    }
    let user, login: String
    let agentd: Int32?
    let environment, groups, umask, limits: [Pair]
  }

  @Test(.enabled(if: geteuid() == 0, "only root can log in as somebody"))
  func ofAUserWithoutAShell() async throws {
    let host = try ScratchHost()
    let result = try await host.register("--env-diff", "nobody", "--json")
    #expect(result.end == .exited(0), "\(result.errorText)")
    let found = try JSONDecoder().decode(Found.self, from: Data(result.output))
    #expect(found.user == "nobody")
    #expect(found.login == "su - -s /bin/sh nobody")
    #expect(found.agentd == nil)
    // A job always has it; a login through su(1) with an empty environment does not.
    #expect(found.environment.contains(Found.Pair(name: "LANG", job: "C.UTF-8")), "\(found.environment)")
    for same in ["HOME", "USER", "LOGNAME"] { #expect(!found.environment.contains { $0.name == same }, "\(same)") }
    #expect(!found.environment.contains { $0.name.hasPrefix("AGENTD_") })
    #expect(found.groups.isEmpty)
  }

  /// A user whose startup file changes everything that is compared, prints something, and leaves a process with its output open.
  private static let profile = """
    echo Welcome; umask 077; ulimit -n 300; export GREETING="good
    day" LANG=fi_FI
    sleep 60 &
    """

  @Test(.enabled(if: geteuid() == 0, "only root can log in as somebody"))
  func ofAUserWithAProfile() async throws {
    let host = try ScratchHost()
    try host.folder.write("agentd.toml", try host.folder.read("agentd.toml") + "\n[jobs]\numask = \"0027\"\n")
    try await host.addUser("e-batch", profile: Self.profile)
    let result = try await host.asAddedUsersSee(["--env-diff", "e-batch"])
    #expect(result.end == .exited(0), "\(result.errorText)")
    let lines = result.outputText.split(separator: "\n").map(String.init)
    #expect(
      lines.first
        == "a job of e-batch, with the limits of this shell, because agentd is not running, and of [jobs.limits], "
        + "compared with a login (su - e-batch):")
    for pair in [
      ["  GREETING  job    (none)", "            login  good\\u{a}day"],
      ["  LANG      job    C.UTF-8", "            login  fi_FI"],
      ["  umask  job    0027", "         login  0077"],
    ] { #expect(result.outputText.contains(pair.joined(separator: "\n") + "\n"), "\(result.outputText)") }
    #expect(lines.contains("groups: the same"))
    #expect(lines.contains { $0.hasPrefix("  Max open files  job ") })
    #expect(lines.contains { $0.hasSuffix("  login  300, 300") })
  }

  @Test(.enabled(if: geteuid() == 0, "only root can log in as somebody"))
  func aLoginThatFailsIsSaid() async throws {
    let host = try ScratchHost()
    try await host.addUser("e-shut", profile: "echo closed for today; exit 1")
    let result = try await host.asAddedUsersSee(["--env-diff", "e-shut"])
    #expect(result.end == .exited(71))
    #expect(
      result.errorText == "agent-register: su - e-shut: did not start a shell: it says \"closed for today\"\n")
    #expect(result.outputText.isEmpty)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can log in as somebody"))
  func aLoginThatFloodsIsCutOff() async throws {
    let host = try ScratchHost()
    try await host.addUser("e-loud", profile: "yes")
    let result = try await host.asAddedUsersSee(["--env-diff", "e-loud"])
    #expect(result.end == .exited(71))
    #expect(
      result.errorText.contains("su - e-loud: did not start a shell (its output reached the limit"),
      "\(result.errorText)")
  }

  @Test(arguments: [
    ("no-such-user", "--env-diff: unknown user no-such-user"),
    ("root", "--env-diff: jobs are not run as root; name another user"),
  ])
  func whoGetsNoJobsIsSaid(user: String, reason: String) async throws {
    let host = try ScratchHost()
    let result = try await host.register("--env-diff", user)
    #expect(result.end == .exited(geteuid() == 0 ? 64 : 77))
    #expect(result.errorText.contains(geteuid() == 0 ? reason : "only root can log in"), "\(result.errorText)")
  }

  @Test func onlyWhatDiffersIsShown() throws {
    func surroundings(_ umask: String, _ files: String, _ variables: String) throws -> Surroundings {
      let limits =
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        + "Max open files            \(files)                1048576              files     \n"
      return try #require(
        Surroundings(Array("\(umask)\nusers\nusers b a\n\(limits)ENVIRONMENT\n\(variables)".utf8)))
    }
    let difference = EnvironmentDifference(
      user: "batch", login: "su - batch", agentd: 12, try surroundings("0022", "1024", "A=1\0B=x\ny\0PWD=/\0"),
      try surroundings("0077", "4096", "A=1\0LONG=3\0SHLVL=1\0"))
    #expect(
      difference.lines == [
        "a job of batch, with the limits of agentd (pid 12) and of [jobs.limits], compared with a login (su - batch):",
        "environment:", "  B     job    x\ny", "        login  (none)", "  LONG  job    (none)", "        login  3",
        "groups: the same",
        "umask:", "  umask  job    0022", "         login  0077",
        "limits (soft, hard):", "  Max open files  job    1024, 1048576", "                  login  4096, 1048576",
      ])
    #expect(Surroundings(Array("This account is not available.\n".utf8)) == nil)
    #expect(Surroundings([]) == nil)
  }
}

extension ScratchHost {
  /// A user of this test only, whose login shell is /bin/sh.
  fileprivate func addUser(_ name: String, profile: String) async throws {
    chmod(folder.path, 0o755)
    try Folder.make(folder.path("home"), mode: 0o755)
    try folder.write("home/.profile", profile + "\n", mode: 0o644)
    for (file, line) in [
      ("passwd", "\(name):x:4811:4811::\(folder.path("home")):/bin/sh"), ("shadow", "\(name):!:19000::::::"),
      ("group", "\(name):x:4811:"),
    ] {
      try folder.write(file, try await run("cat", "/etc/\(file)").outputText + line + "\n", mode: 0o644)
    }
  }

  /// Runs agent-register in a mount namespace that includes the added users.
  fileprivate func asAddedUsersSee(_ arguments: [String]) async throws -> ProcessResult {
    let mounts = """
      for file in passwd shadow group; do mount --bind $file /etc/$file || exit; done; exec "$@"
      """
    return try await TestProcess(
      ["unshare", "--mount", "/bin/sh", "-c", mounts, "sh", programPath] + arguments, environment: environment,
      directory: folder.path
    ).end()
  }
}
