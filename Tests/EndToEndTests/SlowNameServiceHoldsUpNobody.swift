// Goal: a directory that does not answer delays only the job whose user is being looked up. A name service module that the test compiles
// hangs for some users; nsswitch.conf(5).
import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root asks for other users"))
struct SlowNameServiceHoldsUpNobody {
  private static let module = """
    #include <errno.h>
    #include <grp.h>
    #include <nss.h>
    #include <pwd.h>
    #include <string.h>
    #include <unistd.h>
    static void hang(const char *name) { while (strncmp(name, "slow", 4) == 0) pause(); }
    enum nss_status _nss_hangs_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, int *code) {
      hang(name);
      *code = ENOENT;
      return NSS_STATUS_NOTFOUND;
    }
    enum nss_status _nss_hangs_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, int *code) {
      hang(name);
      *code = ENOENT;
      return NSS_STATUS_NOTFOUND;
    }

    """

  private func agent() async throws -> Installation {
    let agent = try await Installation(
      configuration: "[[client]]\ncertificate = \"*\"\njobs = \"all\"\ngroups = [\"daemon\", \"slow-group\"]\n")
    try await agent.register()
    chmod(agent.folder.path, 0o711)
    let library = agent.folder.path("libnss_hangs.so.2")
    let compiled = try await TestProcess(
      ["clang", "-shared", "-fPIC", "-o", library, "-x", "c", "-"], input: Array(Self.module.utf8)
    ).end()
    try #require(compiled.end == .exited(0), "\(compiled.errorText)")
    chmod(library, 0o755)
    try agent.folder.write(
      "nsswitch.conf", "passwd: files hangs\ngroup: files hangs\nshadow: files\nhosts: files dns\n", mode: 0o644)
    try await agent.start(
      wrapper: [
        "unshare", "--mount", "/bin/sh", "-c", "mount --bind nsswitch.conf /etc/nsswitch.conf && exec \"$@\"", "sh",
      ],
      variables: ["LD_LIBRARY_PATH": agent.folder.path])
    return agent
  }

  private func put(_ agent: Installation, _ id: String, _ user: String, _ more: String = "") async throws -> Response {
    try await agent.request(
      "PUT", "jobs/\(id)", body: #"{"command": ["/usr/bin/id", "-un"], "directory": "/", "user": "\#(user)"\#(more)}"#)
  }

  @Test func onlyTheJobThatNeedsItWaits() async throws {
    let agent = try await agent()
    #expect(try await put(agent, "warm", "daemon").status == 201)
    let directory = try agent.gate("held")
    try await agent.submit("held", ["/bin/sh", "-c", "read line < held"], fields: directory, #""user": "daemon""#)
    let resolver = try #require(
      try ProcessTable.children(of: agent.supervisorID).first {
        ProcessTable.title($0)?.hasPrefix("agentd: resolver") ?? false
      })
    let slow = (0..<3).map { index in
      Task {
        try await self.put(agent, "slow-\(index)", "slow-\(index)", index == 2 ? #", "group": "slow-group""# : "")
      }
    }
    // The lookups have begun.
    try await wait(for: "look-ups that hang") { try ProcessTable.threads(of: resolver).count >= 4 }
    let start = ContinuousClock.now
    #expect(try await agent.job("held").state == .running)
    #expect(try await put(agent, "local", "daemon").status == 201)
    #expect(try await agent.job("local", wait: 5).state == .succeeded)
    // A job that a rule refuses causes no lookup.
    #expect(try await put(agent, "refused", "slow-3", #", "group": "other""#).status == 403)
    #expect(try await agent.request("POST", "jobs/held/cancel").status == 200)
    #expect(try await agent.job("held", wait: 5).state == .cancelled)
    #expect(start.duration(to: .now) < .seconds(8), "others had to wait")
    for (index, task) in slow.enumerated() {
      #expect(try await task.value.status == 201)
      let ended = try await agent.job("slow-\(index)", wait: 20)
      #expect(ended.state == .couldNotStart)
      #expect(ended.reason?.contains("name service did not answer within") == true, "\(ended)")
    }
  }

  /// What is still being looked up is not accepted after its client's jobs were cancelled.
  @Test func aSubmissionIsCancelledWithItsClient() async throws {
    let agent = try await agent()
    #expect(try await put(agent, "warm", "daemon").status == 201)
    let process = try #require(
      try ProcessTable.children(of: agent.supervisorID).first {
        ProcessTable.title($0)?.hasPrefix("agentd: resolver") ?? false
      })
    let submission = Task { try await self.put(agent, "slow-1", "slow-1") }
    try await wait(for: "the look-up") { try ProcessTable.threads(of: process).count >= 2 }
    let others = try await agent.request("POST", "cancel?client=CN%3DSomebody")
    #expect(others.text.contains(#""queued":0"#), "\(others.text)")
    let cancelled = try await agent.request("POST", "cancel?client=CN%3DExecutor%20Connector")
    #expect(cancelled.text.contains(#""queued":1"#), "\(cancelled.text)")
    let refused = try await submission.value
    #expect(refused.status == 409)
    #expect(refused.text.contains("cancelled by CN=Executor Connector before it was accepted"), "\(refused.text)")
    #expect(try await put(agent, "again", "daemon").status == 201)
    #expect(try await agent.job("again", wait: 20).state == .succeeded)
    #expect(try await agent.request("GET", "jobs/slow-1").status == 404)
  }

  @Test func theResolverIsNobodyAndComesBack() async throws {
    let agent = try await agent()
    #expect(try await put(agent, "first", "daemon").status == 201)
    func resolver() throws -> pid_t? {
      try ProcessTable.children(of: agent.supervisorID).first {
        ProcessTable.title($0)?.hasPrefix("agentd: resolver") ?? false
      }
    }
    let process = try #require(try resolver())
    let status = try ProcessTable.status(process)
    let own = try #require(getpwnam(Installation.listenerUser)).pointee.pw_uid
    #expect(status["Uid"] == Array(repeating: "\(own)", count: 4))
    #expect(status["CapEff"] == ["0000000000000000"] && status["NoNewPrivs"] == ["1"] && status["Seccomp"] == ["2"])
    // As many lookups hang as it has room for; then it is killed as well.
    let slow = (0..<40).map { index in Task { try await self.put(agent, "slow-\(index)", "slow-\(index)") } }
    try await wait(for: "look-ups that hang") { try ProcessTable.threads(of: process).count > 8 }
    kill(process, SIGKILL)
    try await agent.logLine(with: "the process that looks up names", "starting again")
    for task in slow { #expect(try await task.value.status == 201) }
    #expect(try await put(agent, "second", "daemon").status == 201)
    #expect(try await agent.job("second", wait: 20).state == .succeeded)
    #expect(try await agent.job("slow-39", wait: 20).state == .couldNotStart)
  }
}
