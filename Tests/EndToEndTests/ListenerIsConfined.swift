// Goal: whoever takes over the listener has neither the store nor root: it runs as its own user, holds no descriptor of the store, and
// cannot open one. Only root can test all of this: only root can give up being root and inspect the listener's descriptors.
import Glibc
import TestSupport
import Testing

@Suite struct ListenerIsConfined {
  @Test(.enabled(if: isRoot, "the listener's descriptors are hidden from everybody else"))
  func noDescriptorOfTheAgentsFilesIsOpen() async throws {
    let agent = try await Installation.running()
    #expect(try await agent.request("GET", "agent").status == 200)
    let files = try ProcessTable.openFiles(try await agent.listenerID())
    #expect(
      !files.values.contains { $0.hasPrefix(agent.folder.path("store")) || $0.hasPrefix(agent.folder.path("state")) },
      "\(files)")
    #expect(files[0] == "/dev/null")
    #expect(files[1] == "/dev/null")
    #expect(!files.values.contains { $0.hasSuffix(".pem") }, "\(files)")
  }

  @Test(.enabled(if: isRoot, "only root can start a process as another user"))
  func itRunsAsItsOwnUserWithoutGroupsOrCapabilities() async throws {
    let agent = try await Installation.running()
    let listener = try await agent.listenerID()
    let status = try ProcessTable.status(listener)
    let nobody = "\(try #require(getpwnam(Installation.listenerUser)).pointee.pw_uid)"
    #expect(status["Uid"] == Array(repeating: nobody, count: 4))
    #expect(status["Gid"]?.contains("0") == false)
    #expect(status["Groups"]?.contains("0") == false)
    #expect(status["CapEff"] == ["0000000000000000"])
    #expect(status["CapPrm"] == ["0000000000000000"])
    #expect(try ProcessTable.status(agent.supervisorID)["Uid"]?.first == "0")
  }

  @Test(arguments: ["agentd: signer", "agentd: listener"])
  func everyThreadIsInTheSandbox(role: String) async throws {
    let agent = try await Installation.running()
    #expect(try await agent.request("GET", "agent").status == 200)
    let process = try #require(
      try ProcessTable.children(of: agent.supervisorID).first { ProcessTable.title($0) == role })
    let threads = try ProcessTable.threads(of: process)
    let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    #expect(role == "agentd: signer" ? threads.count == min(processors, 4) : threads.count > 1, "\(threads)")
    for thread in threads {
      let status = try ProcessTable.status(thread)
      #expect(status["NoNewPrivs"] == ["1"])
      #expect(status["Seccomp"] == ["2"])
      // Only root can drop capabilities from the bounding set.
      for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] + (isRoot ? ["CapBnd"] : []) {
        #expect(status[set] == ["0000000000000000"], "\(set)")
      }
    }
    #expect(!agent.log.contains("not fully confined"), "\(agent.log)")
  }

  @Test(
    .enabled(if: isRoot, "only root can act as another user"), arguments: ["agentd: signer", "agentd: listener"])
  func anotherProcessOfItsUserCannotReadTheMemory(role: String) async throws {
    let agent = try await Installation.running()
    _ = try await agent.request("GET", "agent")
    let processes = try ProcessTable.children(of: agent.supervisorID).filter { ProcessTable.title($0) == role }
    let process = try #require(processes.first)
    let user = role == "agentd: signer" ? Installation.signerUser : Installation.listenerUser
    let asItself = ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
    let read = try await TestProcess(asItself + ["cat", "/proc/\(process)/environ"]).end()
    #expect(read.end == .exited(1) && read.errorText.contains("Permission denied"), "\(read.errorText)")
    let opened = try await TestProcess(asItself + ["head", "-c1", "/proc/\(process)/mem"]).end()
    #expect(opened.end == .exited(1) && opened.errorText.contains("Permission denied"), "\(opened.errorText)")
  }

  @Test(
    .enabled(if: isRoot, "only root can act as another user"),
    arguments: ["store", "state/ledger.sqlite", "state/jobs"])
  func itsUserCannotOpen(path: String) async throws {
    let agent = try await Installation.running()
    // Even if the folder above would allow access.
    chmod(agent.folder.path, 0o755)
    let asListener = [
      "setpriv", "--reuid=\(Installation.listenerUser)", "--regid=\(Installation.listenerUser)", "--clear-groups",
    ]
    let read = try await TestProcess(asListener + ["ls", "-l", agent.folder.path(path)]).end()
    let opened = try await TestProcess(asListener + ["head", "-c1", agent.folder.path(path)]).end()
    #expect(opened.end == .exited(1))
    #expect(opened.errorText.contains("Permission denied"))
    if path != "state/ledger.sqlite" { #expect(read.end != .exited(0)) }
    // The path exists for root: the failure above is due to permissions.
    #expect(access(agent.folder.path(path), F_OK) == 0)
  }
}
