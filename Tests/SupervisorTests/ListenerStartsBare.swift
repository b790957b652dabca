import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// A listener starts with its own user, an empty environment but for what it is told, four descriptors and no way back.
struct ListenerStartsBare {
  /// What a program that is started as the listener writes to its link.
  private func findings(_ script: String, as account: ListenerAccount?) throws -> [String] {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o755)
    let program = try folder.write("program", "#!/bin/sh\nexec >&3\n\(script)\n", mode: 0o755)
    let (ours, theirs) = try FileDescriptor.socketPair()
    let listener = ListenerProgram(path: program, account: account, environment: ["AGENTD_LOG_LEVEL=info"])
    let process = try listener.start(link: theirs)
    theirs.close()
    let text = String(decoding: try ours.readAll(limit: 1 << 20), as: UTF8.self)
    waitpid(process.processID, nil, 0)
    return text.split(separator: "\n").map(String.init)
  }

  @Test func fourDescriptorsAndNoMore() throws {
    // One that is not close-on-exec, to be sure that it is not inherited all the same.
    let stray = dup(0)
    defer { close(stray) }
    let found = try findings("for n in /proc/$$/fd/*; do echo ${n##*/} $(readlink $n); done", as: nil)
    // The shell's own: 10 is the script, and the one that listed the folder is closed by now.
    let open = found.map { $0.split(separator: " ") }.filter { $0.count == 2 }
    let numbers = Set(open.map { String($0[0]) })
    #expect(numbers.subtracting(["10"]) == ["0", "1", "2", "3"])
    #expect(found.contains("0 /dev/null"))
  }

  @Test func anEmptyEnvironment() throws {
    setenv("OPENSSL_CONF", "/tmp/evil", 1)
    let found = try findings("tr '\\0' '\\n' < /proc/$$/environ", as: nil)
    #expect(found == ["AGENTD_LOG_LEVEL=info"])
  }

  @Test func noCoreDumpsASessionOfItsOwnAndNoSignalBlocked() throws {
    let found = try findings(
      "ulimit -c; grep -E '^(SigBlk|SigIgn)' /proc/$$/status; cut -d' ' -f1,6 /proc/$$/stat", as: nil)
    #expect(found[0] == "0")
    let masks = found[1...2].compactMap { UInt64($0.split(separator: "\t")[1], radix: 16) }
    // 32 and 33 are the C library's, which lets nobody change them.
    #expect(masks.map { $0 & ~(3 << 31) } == [0, 0], "\(found)")
    let numbers = found[3].split(separator: " ")
    #expect(numbers[0] == numbers[1])
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func theUserIsChangedForGood() throws {
    let account = try ListenerAccount.resolve("nobody")
    let found = try findings("grep -E '^(Uid|Gid|Groups|CapEff|CapPrm)' /proc/$$/status", as: account)
    let (user, group) = (account.user, account.group)
    #expect(found[0] == "Uid:\t\(user)\t\(user)\t\(user)\t\(user)")
    #expect(found[1] == "Gid:\t\(group)\t\(group)\t\(group)\t\(group)")
    #expect(found[2].trimmingSuffix(while: \.isWhitespace) == "Groups:")
    #expect(found[3...4].allSatisfy { $0.hasSuffix("\t0000000000000000") })
  }

  @Test func whatCannotBeExecutedIsNamed() throws {
    let (_, theirs) = try FileDescriptor.socketPair()
    let listener = ListenerProgram(path: "/no/such/program", account: nil, environment: [])
    #expect(throws: SystemError("execve", "listener", code: ENOENT)) { try listener.start(link: theirs) }
  }
}

extension String {
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, condition(last) { rest.removeLast() }
    return rest
  }
}
