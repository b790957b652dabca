import AgentProtocol
import Glibc
import ShepherdContract
import SystemCalls
import TestSupport
import Testing

@testable import JobLaunch

/// Goal: a job has its user's identity and the environment of an ordinary process, and nothing of agentd's.
@Suite(.enabled(if: geteuid() == 0, "taking on another user needs root"))
struct JobsStartClean {
  /// Groups that no user of the host has in this combination, so that they cannot come from elsewhere.
  static let account = Account(
    name: "nobody", user: 65534, group: 65534, groups: [65534, 4, 54321], home: "/nonexistent",
    shell: "/usr/sbin/nologin")

  private func run(_ command: String..., request change: (inout JobRequest) -> Void = { _ in }) async throws -> String {
    let bench = try JobBench()
    var request = JobRequest(command: command)
    change(&request)
    let job = try bench.launcher.startUnreported("job-1", request, as: Self.account)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .succeeded, "\(outcome)")
    return try bench.output(of: job)
  }

  @Test func usersAndGroups() async throws {
    let status = try await run("grep", "-E", "^(Uid|Gid|Groups|NoNewPrivs)", "/proc/self/status")
    #expect(
      status == """
        Uid:\t65534\t65534\t65534\t65534
        Gid:\t65534\t65534\t65534\t65534
        Groups:\t4 54321 65534 
        NoNewPrivs:\t0

        """)
  }

  @Test func environment() async throws {
    let output = try await run("/usr/bin/env") { $0.environment = ["LC_ALL": "C", "EMPTY": "", "ODD": "a\nb='$x'"] }
    #expect(
      output.replacing(#/MARK=[0-9a-f]{1,16}\n/#, with: "MARK=some\n") == """
        AGENTD_JOB_ID=job-1
        AGENTD_JOB_MARK=some
        EMPTY=
        HOME=/nonexistent
        LANG=C.UTF-8
        LC_ALL=C
        LOGNAME=nobody
        ODD=a
        b='$x'
        PATH=/usr/local/bin:/usr/bin:/bin
        SHELL=/usr/sbin/nologin
        USER=nobody

        """)
  }

  /// Even those that agentd forgot to make close-on-exec.
  @Test func descriptors() async throws {
    let leaked = (0..<5).map { _ in open("/dev/null", O_RDONLY) }
    defer { leaked.forEach { close($0) } }
    let listing = try await run("/bin/sh", "-c", "ls -l /proc/$$/fd").split(separator: "\n").dropFirst()
    try #require(listing.count == 3, "\(listing)")
    for (number, line) in listing.enumerated() {
      #expect(
        line.contains(" \(number) -> ") && line.contains(number == 0 ? "-> /dev/null" : "-> pipe:["), "\(line)")
    }
  }

  @Test func session() async throws {
    let numbers = try await run("cut", "-d", " ", "-f", "1,5,6,7", "/proc/self/stat").split { " \n".contains($0) }
    #expect(numbers.count == 4)
    #expect(numbers[0] == numbers[1] && numbers[1] == numbers[2], "process, group and session: \(numbers)")
    #expect(numbers[3] == "0", "terminal")
  }

  @Test func signals() async throws {
    signal(SIGPIPE, SIG_IGN)
    // Not grep, which itself catches some signals.
    let status = try await run("cat", "/proc/self/status").split(separator: "\n").filter { $0.hasPrefix("Sig") }
    #expect(status.dropFirst().map { $0.drop { $0 != "\t" } } == Array(repeating: "\t0000000000000000", count: 4))
    #expect(status.map { $0.prefix(6) } == ["SigQ:\t", "SigPnd", "SigBlk", "SigIgn", "SigCgt"])
  }

  @Test(arguments: [
    ("umask", "0022"), ("ulimit -n", "1024"), ("cat /proc/self/oom_score_adj", "0"), ("pwd", "/"), ("cat", ""),
  ])
  func surroundings(_ script: String, _ expected: String) async throws {
    #expect(try await run("/bin/sh", "-c", script) == (expected.isEmpty ? "" : "\(expected)\n"))
  }

  @Test func folderAndFilesAreAgentdsOwn() async throws {
    let bench = try JobBench()
    let script = "cat \(bench.home.path)/jobs/job-1/lock; cd \(bench.home.path)/jobs"
    let job = try bench.launcher.startUnreported("job-1", .shell(script), as: Self.account)
    #expect(try await bench.end(of: job).state == .failed)
    #expect(
      try bench.output(of: job).split(separator: "\n").allSatisfy {
        $0.contains("ermission denied") || $0.contains("can't cd")
      })
  }

  /// A directory that only its owner may enter: the job's user decides, not root.
  @Test func directoryIsEnteredAsTheUser() async throws {
    let bench = try JobBench()
    let closed = try TemporaryFolder()
    var request = JobRequest(command: ["pwd"])
    request.directory = closed.path
    let job = try bench.launcher.startUnreported("job-1", request, as: Self.account)
    let outcome = try await bench.end(of: job)
    #expect(outcome.state == .couldNotStart)
    #expect(outcome.reason == "cannot enter directory \(closed.path): Permission denied")
  }
}
