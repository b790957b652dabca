import AgentProtocol
import Glibc
import JobLaunch
import Testing

@testable import Supervisor

/// When a listener that died is restarted.
struct RestartDelayTests {
  @Test func theWaitDoublesFromNothingToTenSeconds() {
    var delay = RestartDelay()
    let waits = (0..<10).map { _ in Int(delay.next(afterLife: .seconds(1)) / .milliseconds(1)) }
    #expect(waits == [0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000])
  }

  @Test func aSoundLifeStartsAnew() {
    var delay = RestartDelay()
    for _ in 0..<5 { _ = delay.next(afterLife: .zero) }
    #expect(delay.next(afterLife: .seconds(60)) == .zero)
    #expect(delay.next(afterLife: .seconds(59)) == .milliseconds(100))
  }

  @Test(arguments: [(0, "0 s"), (100, "0.100 s"), (1600, "1.600 s"), (10000, "10 s")])
  func aLogSaysItInSeconds(milliseconds: Int, expected: String) {
    #expect(Duration.milliseconds(milliseconds).inSeconds == expected)
  }
}

/// Which clients may run what, as which user.
struct JobPolicyTests {
  private func job(_ user: String?, group: String? = nil) -> JobRequest {
    var job = JobRequest(command: ["/bin/true"])
    (job.user, job.group) = (user, group)
    return job
  }

  private func decision(_ policy: JobPolicy, _ job: JobRequest) -> String {
    let rights = ClientRights(table: nil)
    let found = policy.question(job, rights).answer()
    do throws(Problem) { return try policy.user(for: job, rights, found) } catch {
      return "\(error.kind): \(error.detail)"
    }
  }

  @Test(
    .enabled(if: geteuid() == 0, "only root can look at others' accounts"),
    arguments: [
      (nil, nil, "nobody"),
      ("daemon", nil, "daemon"),
      ("daemon", "daemon", "daemon"),
      (
        "root", nil,
        "forbidden: jobs are not run as root, unless the client's [[client]] table in agentd.toml has allow_root = true"
      ),
      ("nobody", "root", "forbidden: user nobody is not a member of group root"),
      ("nobody", "shadow", "forbidden: user nobody is not a member of group shadow"),
      // It cannot be started, but that is not the policy's concern.
      ("no-such-user", nil, "no-such-user"),
    ] as [(String?, String?, String)])
  func asRootEveryUserButRoot(user: String?, group: String?, expected: String) {
    let policy = JobPolicy(defaultUser: "nobody", isRoot: true, ownUser: "root")
    #expect(decision(policy, job(user, group: group)) == expected)
  }

  @Test(
    arguments: [
      (nil, "alice"), ("alice", "alice"),
      ("bob", "forbidden: this agent runs as alice and cannot run jobs as another user"),
      ("root", "forbidden: this agent runs as alice and cannot run jobs as another user"),
    ] as [(String?, String)])
  func asAnotherUserOnlyThatOne(user: String?, expected: String) {
    let policy = JobPolicy(defaultUser: "nobody", isRoot: false, ownUser: "alice")
    #expect(decision(policy, job(user)) == expected)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can look at others' accounts"))
  func aDefaultUserThatIsRootIsRefusedToo() {
    let policy = JobPolicy(defaultUser: "root", isRoot: true, ownUser: "root")
    #expect(
      decision(policy, job(nil))
        == "forbidden: jobs are not run as root, unless the client's [[client]] table in agentd.toml has allow_root = true"
    )
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func theStartChecksAgain() throws {
    let policy = JobPolicy(defaultUser: "nobody", isRoot: true, ownUser: "root")
    let root = try Account.resolve("root")
    #expect(
      policy.problem(of: root, user: "root")
        == "jobs are not run as root, unless the client's [[client]] table in agentd.toml has allow_root = true")
    #expect(policy.problem(of: try Account.resolve("nobody"), user: "nobody") == nil)
  }
}
