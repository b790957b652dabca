import AgentConfiguration
import AgentProtocol
import Glibc
import SupervisorLink
import TestSupport
import Testing
import Values

@testable import Supervisor

/// Identities and paths are compared by bytes: to Unicode, and to Swift, é equals e followed by a combining accent. To rules, ledger,
/// kernel and name service it does not.
struct NamesAreComparedAsBytes {
  private static let (composed, decomposed) = ("Jos\u{e9}", "Jose\u{301}")

  private func client(_ name: String) -> VerifiedClient {
    VerifiedClient(ClientIdentity(subject: "CN=\(name)", thumbprint: .unknown))
  }

  @Test func aTableIsForOneOfThem() {
    let table = ClientTable(line: 1, certificate: try! ClientPattern.read("CN=\(Self.composed)").get())
    var policy = JobPolicy(defaultUser: "nobody", isRoot: true, ownUser: "root", clients: [table])
    #expect(throws: Never.self) { try policy.rights(of: client(Self.composed)) }
    // Even if the answer for the other one is cached.
    #expect(throws: Problem.self) { try policy.rights(of: client(Self.decomposed)) }
    #expect(throws: Never.self) { try policy.rights(of: client(Self.composed)) }
  }

  @Test func theyAreTwoOwners() throws {
    let stage = try JobsStage(clients: "[[client]]\ncertificate = \"*\"\ndefault_user = \"nobody\"\n")
    let (id, job) = (JobID("a")!, JobRequest(command: ["/bin/true"]))
    #expect(try stage.answer(.submitJob(id, job), as: client(Self.composed)).created == true)
    #expect(try stage.answer(.showJob(id, wait: 0), as: client(Self.decomposed)).status == nil)
    #expect(try stage.answer(.showJob(id, wait: 60), as: client(Self.composed)).status?.state == .succeeded)
    for (name, count) in [(Self.composed, 1), (Self.decomposed, 0)] {
      let page = try #require(try stage.answer(.listJobs(JobFilter()), as: client(name)).page)
      #expect(page.jobs.count == count)
    }
  }

  @Test func theyAreTwoRequests() throws {
    let stage = try JobsStage()
    #expect(try stage.submit("a", "/bin/echo", Self.composed).created == true)
    #expect(try stage.submit("a", "/bin/echo", Self.decomposed).problem == .conflict)
    #expect(try stage.submit("a", "/bin/echo", Self.composed).created == false)
  }

  @Test func theyAreTwoUsersAndTwoGroups() {
    var table = ClientTable(line: 1, certificate: .any)
    (table.users, table.groups) = ([Self.composed], [Self.composed])
    let policy = JobPolicy(defaultUser: "nobody", isRoot: true, ownUser: "root", clients: [table])
    for (name, isAllowed) in [(Self.composed, true), (Self.decomposed, false)] {
      var job = JobRequest(command: ["/bin/true"])
      job.user = name
      #expect((policy.judge(job, ClientRights(table: table)).problem == nil) == isAllowed)
      (job.user, job.group) = (Self.composed, name)
      #expect((policy.judge(job, ClientRights(table: table)).problem == nil) == isAllowed)
    }
  }

  @Test(arguments: ["/bin/..\u{301}/sh", "/bin/\u{301}/sh", "\u{301}/bin/sh"])
  func aSlashWithAnAccentIsASlash(path: String) {
    #expect(ProgramPattern("/bin/*")?.matches(path) == false)
    #expect(ProgramPattern("/bin/*")?.matches("/bin/sh") == true)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can make a place that is root's alone"))
  func aFolderBehindSuchASlashIsLookedAt() throws {
    var template = Array("/var/lib/agentd-test-XXXXXX".utf8CString)
    let home = try #require(mkdtemp(&template).map { String(cString: $0) })
    let (folder, program) = ("\(home)/open", "\(home)/open/\u{301}program")
    defer {
      unlink(program)
      rmdir(folder)
      rmdir(home)
    }
    chmod(home, 0o755)
    mkdir(folder, 0o755)
    close(open(program, O_WRONLY | O_CREAT, 0o755))
    #expect(ProgramPath.fault(of: program) == nil)
    chmod(folder, 0o777)
    #expect(
      ProgramPath.fault(of: program)
        == "users other than root can write to \(folder) and could replace the program")
  }
}
