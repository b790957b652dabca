import AgentProtocol
import Glibc
import TestSupport
import Testing

@testable import JobLaunch

/// Goal: umask and limits come from configuration and request; a login reads the user's profile; users that may not run jobs are refused
/// with the reason.
struct SurroundingsAreConfigured {
  private func run(
    _ request: JobRequest, as account: Account? = nil, change: (inout JobSurroundings) -> Void = { _ in }
  ) async throws -> (outcome: JobOutcome, output: String) {
    let bench = try JobBench()
    var launcher = bench.launcher
    change(&launcher.surroundings)
    let job = try launcher.startUnreported("job-1", request, as: account ?? Account.resolve(nil))
    let outcome = try await bench.end(of: job)
    return (outcome, try bench.output(of: job))
  }

  @Test(arguments: [(nil, "0027\n"), ("077", "0077\n"), ("0002", "0002\n")] as [(String?, String)])
  func umask(_ asked: String?, _ expected: String) async throws {
    var request = JobRequest.shell("umask")
    request.umask = asked
    #expect(try await run(request) { $0.umask = 0o027 }.output == expected)
  }

  @Test func limits() async throws {
    let output = try await run(.shell("ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -s; ulimit -Hs")) { surroundings in
      surroundings.processLimits = [
        .init(resource: 7, soft: 100, hard: 200), .init(resource: 4, soft: 0, hard: 0),
        .init(resource: 3, soft: 4 << 20, hard: 8 << 20),
      ]
    }.output
    #expect(output == "100\n200\n0\n4096\n8192\n")
  }

  /// More descriptors than the kernel allows any process (fs.nr_open), root or not.
  @Test func aLimitThatCannotBeSet() async throws {
    let outcome = try await run(.shell("true")) {
      $0.processLimits = [.init(resource: 7, soft: 1 << 40, hard: 1 << 40)]
    }.outcome
    #expect(outcome.state == .couldNotStart)
    #expect(outcome.reason == "cannot set the resource limits: Operation not permitted")
  }

  @Test(arguments: ["/bin/sh", "/bin/bash"])
  func login(_ shell: String) async throws {
    let home = try TemporaryFolder()
    try home.write(".profile", "export FROM_PROFILE=yes; PATH=$HOME/bin:$PATH\n")
    var request = JobRequest(command: ["printenv", "FROM_PROFILE", "PATH"])
    request.login = true
    let own = try Account.resolve(nil)
    let account = Account(
      name: own.name, user: own.user, group: own.group, groups: own.groups, home: home.path, shell: shell)
    let output = try await run(request, as: account).output
    #expect(output.hasPrefix("yes\n\(home.path)/bin:"), "\(output)")

    let odd = ["", "$(id)", "a b", "'", "\"", "\\", "*", "a\nb"]
    request = JobRequest(command: ["printf", "%s\\0"] + odd)
    request.login = true
    #expect(try await run(request, as: account).output == odd.map { "\($0)\0" }.joined())

    request = JobRequest(script: "echo $FROM_PROFILE")
    request.login = true
    #expect(try await run(request, as: account).output == "yes\n")
  }

  @Test(arguments: ["/usr/sbin/nologin", "/bin/false", "/bin/csh", "/usr/bin/python3"])
  func noLoginShell(_ shell: String) throws {
    let account = Account(name: "batch", user: 1000, group: 1000, groups: [], home: "/", shell: shell)
    let refusal = try #require(throws: LaunchRefusal.self) { try account.loginCommand(["x"]) }
    #expect(refusal.description.hasPrefix("cannot run a login shell of user batch: \(shell) is not one of sh, "))
    #expect(account.hasLoginShell == !(shell.hasSuffix("nologin") || shell.hasSuffix("false")))
  }

  @Test func aLoginShellCanBeRequired() throws {
    let account = Account(
      name: "daemon", user: 1, group: 1, groups: [], home: "/", shell: "/usr/sbin/nologin")
    try account.requireGoodStanding(loginShellIsRequired: false)
    let refusal = try #require(throws: LaunchRefusal.self) {
      try account.requireGoodStanding(loginShellIsRequired: true)
    }
    #expect(refusal.description.contains("user daemon: its login shell is /usr/sbin/nologin, and"))
  }
}
