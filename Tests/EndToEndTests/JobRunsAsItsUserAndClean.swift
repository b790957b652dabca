// Goal: a job has exactly what its user has: user, groups, a clean environment, three descriptors, default signals, its own session, and
// nothing of agentd's. Under root that is another user; otherwise the user who runs agentd.
import Glibc
import TestSupport
import Testing

@Suite struct JobRunsAsItsUserAndClean {
  @Test(.enabled(if: isRoot, "only root can start a job as another user"))
  func aJobHasItsUsersGroups() async throws {
    let agent = try await Installation()
    try await agent.register()
    // Users of this test only, in a mount namespace of this agentd only.
    for (file, line) in [
      ("passwd", "agentd-batch:x:4801:4802::/:/bin/sh"),
      ("group", "agentd-a:x:4802:\nagentd-b:x:4803:agentd-batch\nagentd-c:x:4804:agentd-batch"),
    ] {
      let system = try await run("cat", "/etc/\(file)").outputText
      try agent.folder.write(file, system + line + "\n")
    }
    let mounts = "mount --bind passwd /etc/passwd && mount --bind group /etc/group && exec \"$@\""
    try await agent.start(wrapper: ["unshare", "--mount", "/bin/sh", "-c", mounts, "sh"])

    let job = try await agent.finish(
      "groups", ["/bin/sh", "-c", "id -u; id -ru; id -g; id -rg; id -G"], fields: "\"user\": \"agentd-batch\"",
      "\"directory\": \"/\"")
    #expect(job.status.user == "agentd-batch")
    #expect(job.output == "4801\n4801\n4802\n4802\n4802 4803 4804\n")

    let grouped = try await agent.finish(
      "group", ["/usr/bin/id", "-g"], fields: "\"user\": \"agentd-batch\"", "\"group\": \"agentd-b\"",
      "\"directory\": \"/\"")
    #expect(grouped.output == "4803\n")
  }

  @Test(.enabled(if: isRoot, "only root can start a job as another user"))
  func aJobThatNamesNoUserRunsAsNobody() async throws {
    let agent = try await Installation.running()
    #expect(try await agent.finish("default", ["/usr/bin/id", "-un"]).output == "nobody\n")
  }

  @Test func aJobOfRootOrOfAnUnknownUserIsRefused() async throws {
    let agent = try await Installation.running()
    for user in ["root", "no-such-user"] where isRoot || user != "root" {
      let answer = try await agent.request(
        "PUT", "jobs/as-\(user)", body: "{\"command\": [\"/bin/true\"], \"user\": \"\(user)\"}")
      if answer.status == 201 {
        #expect(try await agent.job("as-\(user)", wait: 20).state == .couldNotStart)
      } else {
        #expect((400...403).contains(answer.status), "\(answer.text)")
      }
    }
  }

  @Test(.enabled(if: !isRoot, "root may run jobs as other users"))
  func anotherUserIsRefusedWithoutRoot() async throws {
    let agent = try await Installation.running()
    let answer = try await agent.request("PUT", "jobs/other", body: #"{"command": ["/bin/true"], "user": "daemon"}"#)
    #expect(answer.status == 403)
  }

  @Test func nothingOfAgentdsIsLeftInTheJob() async throws {
    let agent = try await Installation()
    try await agent.register()
    try await agent.start(variables: [
      "SECRET_OF_AGENTD": "leaked", "LD_LIBRARY_PATH": "/nonexistent", "BASH_ENV": "/nonexistent",
    ])

    let job = try await agent.finish(
      "look", ["/usr/bin/python3", "-I", "-c", Self.look], fields: #""directory": "/""#,
      #""environment": {"ASKED": "for"}"#)
    try #require(job.status.state == .succeeded, "\(job.output)")
    var facts: [String: String] = [:]
    for line in job.output.split(separator: "\n") {
      let name = line.prefix { $0 != "=" }
      facts[String(name)] = String(line.dropFirst(name.count + 1))
    }
    #expect(facts["descriptors"] == "0 1 2", "\(job.output)")
    #expect(facts["stdin"] == "/dev/null")
    #expect(facts["stdout"] == facts["stderr"])
    #expect(facts["ignored"] == "0000000000000000")
    #expect(facts["blocked"] == "0000000000000000")
    #expect(facts["session"] == "own")
    #expect(facts["terminal"] == "none")
    #expect(facts["asked"] == "for")
    #expect(facts["unexpected"] == "", "\(job.output)")
  }

  // -I and the absolute path exclude influence of the environment. Python itself sets LC_CTYPE (PEP 538).
  private static let look = """
    import os
    status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
    def target(fd):
      try: return os.readlink(f"/proc/self/fd/{fd}")
      except OSError: return None
    listing = os.open("/proc/self/fd", os.O_RDONLY)
    fds = sorted(int(fd) for fd in os.listdir(listing) if int(fd) != listing and target(fd) and not target(fd).endswith("/fd"))
    print("descriptors=" + " ".join(map(str, fds)))
    print("stdin=" + target(0))
    print("stdout=" + target(1))
    print("stderr=" + target(2))
    # Python itself ignores SIGPIPE and SIGXFSZ; 32 and 33 are glibc's own, which posix_spawn(3) sets to be ignored.
    bits = sum(1 << (number - 1) for number in (13, 25, 32, 33))
    print("ignored=%016x" % (int(status["SigIgn"], 16) & ~bits))
    print("blocked=" + status["SigBlk"])
    print("session=" + ("own" if os.getsid(0) == os.getpid() else "shared"))
    try: os.open("/dev/tty", os.O_RDWR); print("terminal=some")
    except OSError: print("terminal=none")
    print("asked=" + os.environ.get("ASKED", ""))
    known = {"ASKED", "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_CTYPE", "PWD", "TMPDIR"}
    print("unexpected=" + " ".join(k for k in sorted(os.environ) if k not in known and not k.startswith("AGENTD_JOB")))
    """
}
