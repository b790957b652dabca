// Goal: at no moment, least of all during startup, can a process of the same user open the memory of a listener or a signer, or take a
// descriptor from it. Two intruders that try all the time hit some starts per second: AGENTD_RACE=60 makes it a minute and 200 kills.
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "only root can act as another user"), .serialized)
struct NobodyLooksIntoListenerOrSigner {
  private static let seconds = getenv("AGENTD_RACE").flatMap { Int(String(cString: $0)) } ?? 3
  private static let kills = seconds * 200 / 60

  @Test func whileTheyAreKilledAndStarted() async throws {
    let agent = try await Installation.running()
    chmod(agent.folder.path, 0o755)
    try agent.folder.write("go", "")
    let users = [Installation.listenerUser, Installation.signerUser, "nobody"]
    let intruders = try users.map { try intruder(at: agent.supervisorID, as: $0, in: agent.folder) }
    let end = ContinuousClock.now + .seconds(Self.seconds)
    var (killed, starts) = (0, 0)
    while killed < Self.kills || ContinuousClock.now < end {
      let listener = try await agent.listenerID()
      kill(killed % 2 == 0 ? listener : try await agent.signerID(), SIGKILL)
      killed += 1
      // Avoids the restart delay, which grows.
      try agent.signal(SIGHUP)
      try await wait(for: "another listener") {
        let now = try await agent.listenerID()
        let signer = try? await agent.signerID()
        return now != listener && signer != nil
      }
      starts += 1
    }
    unlink(agent.folder.path("go"))
    for intruder in intruders {
      let result = try await intruder.end()
      let lines = result.outputText.split(separator: "\n")
      let tries = try #require(lines.last.flatMap { Int($0) }, "\(result.errorText)")
      #expect(lines.dropLast().isEmpty, "\(lines.prefix(5))")
      #expect(tries > starts, "it was there and tried")
    }
  }

  /// Without this, the test above proves nothing.
  @Test func andSomebodyElsesMemoryCanBeOpenedLikeThat() async throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o755)
    try folder.write("go", "")
    let victim = try TestProcess(
      ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "sh", "-c", "sleep 600 & wait"])
    let result = try intruder(at: victim.handle.processID, as: "nobody", in: folder)
    try await wait(for: "both ways in") {
      result.outputText.contains("memory of ") && result.outputText.contains("descriptor 0 of ")
    }
    unlink(folder.path("go"))
    _ = try await result.end()
    for child in try ProcessTable.children(of: victim.handle.processID) { kill(child, SIGKILL) }
  }

  /// Tries each child of `parent` until the file `go` is gone. Prints what it obtained and, at the end, the number of attempts.
  private func intruder(at parent: pid_t, as user: String, in folder: TemporaryFolder) throws -> TestProcess {
    try TestProcess([
      "setpriv", "--reuid=\(user)", "--regid=\(user == "nobody" ? "nogroup" : user)", "--clear-groups",
      // Not one in a home folder, which may come first in PATH.
      "/usr/bin/python3", "-c", Self.intrusion,
      "\(parent)", folder.path("go"),
    ])
  }

  private static let intrusion = """
    import ctypes, os, sys
    call = ctypes.CDLL(None, use_errno=True).syscall
    PIDFD_GETFD = 438
    children = f"/proc/{sys.argv[1]}/task/{sys.argv[1]}/children"
    tries, taken = 0, set()

    def attempt(what, process, body):
        try:
            if body() >= 0 and (what, process) not in taken:
                taken.add((what, process))
                print(what, "of", process, open(f"/proc/{process}/cmdline").read().split("\\0")[0], flush=True)
        except OSError:
            pass

    def take(process):
        handle = os.pidfd_open(int(process))
        try:
            for number in (0, 3, 4, 5, 6):
                attempt(f"descriptor {number}", process, lambda: call(PIDFD_GETFD, handle, number, 0))
        finally:
            os.close(handle)
        return -1

    def memory(process):
        file = os.open(f"/proc/{process}/mem", os.O_RDONLY)
        os.close(file)
        return file

    while os.path.exists(sys.argv[2]):
        for process in open(children).read().split():
            tries += 1
            attempt("memory", process, lambda: memory(process))
            attempt("descriptors", process, lambda: take(process))
    print(tries)
    """
}
