import AgentConfiguration
import AgentProtocol
import Glibc
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Whether a client may run a program is decided by a path that only root can redirect.
struct RulesForPrograms {
  private func decision(_ table: ClientTable, _ change: (inout JobRequest) -> Void) -> String {
    let policy = JobPolicy(defaultUser: "nobody", isRoot: true, ownUser: "root", clients: [table])
    var job = JobRequest(command: ["/bin/true"])
    change(&job)
    let rights = ClientRights(table: table)
    let found = policy.question(job, rights).answer()
    do throws(Problem) { return try policy.user(for: job, rights, found) } catch { return error.detail }
  }

  private func table(_ patterns: String...) -> ClientTable {
    var table = ClientTable(line: 1, certificate: .any)
    table.defaultUser = "nobody"
    table.commands = patterns.map { ProgramPattern($0)! }
    return table
  }

  @Test(arguments: ["sh", "./sh", "bin/sh", "/bin/../bin/sh", "/bin/./sh", "//bin/sh", "/usr/bin/env", "/bin/sh\n"])
  func anotherWayToWriteItIsNotThePattern(program: String) {
    #expect(
      decision(table("/bin/sh")) { $0.command = [program, "x"] }
        == "this client may not run \(program); name an allowed program by its absolute path")
    #expect(decision(table("/bin/sh")) { $0.command = ["/bin/sh", "x"] } == "nobody")
  }

  @Test(arguments: [
    ("LD_PRELOAD", "x"), ("PATH", "/tmp"), ("BASH_ENV", "x"), ("X", "() { :; }"), ("TAR_OPTIONS", "--to-command=id"),
    ("GIT_EXTERNAL_DIFF", "id"), ("DBUS_SYSTEM_BUS_ADDRESS", "unixexec:path=id"), ("XDG_CONFIG_HOME", "/tmp"),
    ("HARMLESS", "x"),
    ("LC_ALL", "/tmp/x"), ("LANG", "C"),
  ])
  func anyVariableIsRefusedUnlessTheTableAllowsIt(name: String, value: String) {
    let refused = "this client may not set the environment variable \(name), or not to this value"
    #expect(decision(table("/bin/*")) { $0.environment = [name: value] } == refused)
    var allowing = table("/bin/*")
    allowing.environment = [VariablePattern("LC_*")!]
    #expect(decision(allowing) { $0.environment = [name: value] } == refused)
    #expect(decision(allowing) { $0.environment = ["LC_ALL": "C.UTF-8"] } == "nobody")
    allowing.commands = nil
    #expect(decision(allowing) { $0.environment = [name: value] } == refused)
  }

  @Test func neitherScriptsNorLoginShells() {
    #expect(
      decision(table("/bin/*")) { $0 = JobRequest(script: "exit 0\n") }
        == "this client may run certain programs only, so it may not submit a script")
    #expect(
      decision(table("/bin/*")) { $0.login = true }
        == "this client may run certain programs only, so it may not use a login shell")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
  func aPathThatOthersCanChangeIsRefused() throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o755)
    let trusted = try folder.write("trusted", "#!/bin/sh\n", mode: 0o755)
    // Nothing below /tmp belongs to root only: a world-writable folder is on the path.
    #expect(
      ProgramPath.fault(of: trusted)
        == "users other than root can write to /tmp and could replace the program")
    #expect(ProgramPath.fault(of: "/bin/sh") == nil)
    #expect(ProgramPath.fault(of: "/usr/bin/no-such-program") == "/usr/bin/no-such-program: No such file or directory")
    #expect(ProgramPath.fault(of: "/usr/bin/env/x") == "/usr/bin/env/x: Not a directory")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can make a place that is root's alone"))
  func linksAreFollowedToTheirEnd() throws {
    // Below a folder owned by root; /root would also do, but may not exist.
    var template = Array("/var/lib/agentd-test-XXXXXX".utf8CString)
    let home = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { for name in ["a", "b", "c", "d", "e", "loop"] { unlink("\(home)/\(name)") }; rmdir(home) }
    chmod(home, 0o755)
    symlink("/bin/sh", "\(home)/a")
    symlink("a", "\(home)/b")
    symlink("../../bin/./sh", "\(home)/c")
    symlink("loop", "\(home)/loop")
    symlink("/tmp/whatever", "\(home)/d")
    symlink("/bin/sh", "\(home)/e")
    lchown("\(home)/e", 65534, 65534)
    for name in ["a", "b"] { #expect(ProgramPath.fault(of: "\(home)/\(name)") == nil) }
    #expect(ProgramPath.fault(of: "\(home)/loop") == "its path has too many symbolic links")
    #expect(ProgramPath.fault(of: "\(home)/d")?.hasPrefix("users other than root can write to /tmp ") == true)
    #expect(
      ProgramPath.fault(of: "\(home)/e") == "\(home)/e belongs to user 65534, who could replace the program")
    #expect(ProgramPath.fault(of: "\(home)/c")?.contains("No such file") == true)
    symlink("../../../bin/./sh", "\(home)/c2")
    defer { unlink("\(home)/c2") }
    #expect(ProgramPath.fault(of: "\(home)/c2") == nil)
  }
}

/// The users as which a client may run jobs.
struct RulesForUsers {
  private func decision(_ change: (inout ClientTable) -> Void, user: String?, group: String? = nil) -> String {
    var table = ClientTable(line: 1, certificate: .any)
    table.defaultUser = "nobody"
    change(&table)
    let policy = JobPolicy(defaultUser: "nobody", isRoot: true, ownUser: "root", clients: [table])
    var job = JobRequest(command: ["/bin/true"])
    (job.user, job.group) = (user, group)
    let rights = ClientRights(table: table)
    let found = policy.question(job, rights).answer()
    do throws(Problem) { return try policy.user(for: job, rights, found) } catch { return error.detail }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can look at others' accounts"))
  func usersGroupsAndRoot() {
    #expect(decision({ $0.users = ["daemon"] }, user: "daemon") == "daemon")
    #expect(decision({ $0.users = ["daemon"] }, user: nil) == "this client may not run jobs as user nobody")
    #expect(decision({ $0.users = [] }, user: "daemon") == "this client may not run jobs as user daemon")
    #expect(
      decision({ _ in }, user: "root")
        == "jobs are not run as root, unless the client's [[client]] table in agentd.toml has allow_root = true")
    #expect(decision({ $0.allowRoot = true }, user: "root") == "root")
    #expect(
      decision({ ($0.allowRoot, $0.users) = (true, ["daemon"]) }, user: "root")
        == "this client may not run jobs as user root")
    #expect(decision({ $0.groups = ["daemon"] }, user: "daemon", group: "daemon") == "daemon")
    #expect(decision({ $0.groups = [] }, user: "daemon", group: "daemon") == "this client may not name group daemon")
    #expect(
      decision({ $0.groups = ["root"] }, user: "daemon", group: "root") == "user daemon is not a member of group root")
    #expect(decision({ $0.readOnly = true }, user: "daemon") == "this client may only look at jobs")
  }

  @Test(
    arguments: [
      (true, true, nil, nil), (true, false, nil, nil), (true, false, false, nil), (true, true, true, nil),
      (true, false, true, "this client's jobs may not leave processes running"),
      (false, true, true, "leave_processes: jobs of this agent end with all their processes"), (false, true, nil, nil),
    ] as [(Bool, Bool, Bool?, String?)])
  func processesThatStay(_ agent: Bool, _ client: Bool, _ asked: Bool?, _ refusal: String?) throws {
    var table = ClientTable(line: 1, certificate: .any)
    (table.defaultUser, table.leaveProcesses) = ("nobody", client)
    var policy = JobPolicy(defaultUser: "nobody", isRoot: false, ownUser: "nobody", clients: [table])
    policy.mayLeaveProcesses = agent
    var job = JobRequest(command: ["/bin/true"])
    job.leaveProcesses = asked
    let problem = policy.judge(job, ClientRights(table: table)).problem
    #expect(problem?.detail == refusal)
    #expect(problem.map { $0.kind == (agent ? .forbidden : .notSupported) } ?? true)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can run jobs as root"))
  func rootIsRootOnlyForWhoMayBe() throws {
    let stage = try JobsStage(
      clients: """
        [[client]]
        certificate = "CN=scheduler"
        allow_root = true
        [[client]]
        certificate = "*"
        """)
    let id = JobID("a")!
    var job = JobRequest(command: ["/bin/sh", "-c", "id -u"])
    job.user = "root"
    let other = VerifiedClient(ClientIdentity(subject: "CN=other", thumbprint: Thumbprint(repeating: "00")))
    #expect(try stage.answer(.submitJob(id, job), as: other).problem == .forbidden)
    #expect(try stage.answer(.submitJob(id, job)).created == true)
    #expect(try stage.end("a").state == .succeeded)
    let output = try stage.answer(.openOutput(id, follow: false)).descriptors[0]
    #expect(try output.readAll(limit: 100) == Array("0\n".utf8))
  }
}
