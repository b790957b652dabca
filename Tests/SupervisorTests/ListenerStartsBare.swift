import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// A listener starts with its own user, an empty environment but for what it is told, four descriptors and no way back.
struct ListenerStartsBare {
  /// What a program that is started as the listener writes to its link.
  private func findings(_ script: String, asNobody: Bool = false) throws -> [String] {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o755)
    let path = try folder.write("program", "#!/bin/sh\nexec >&3\n\(script)\n", mode: 0o755)
    let (ours, theirs) = try FileDescriptor.socketPair()
    let process = try program(path, asNobody: asNobody).start(socket: theirs)
    theirs.close()
    let text = String(decoding: try ours.readAll(limit: 1 << 20), as: UTF8.self)
    waitpid(process.processID, nil, 0)
    return text.split(separator: "\n").map(String.init)
  }

  private func program(_ path: String, asNobody: Bool = false) throws -> RoleProgram {
    let host = try ScratchHost()
    var program = RoleProgram(.listener, try ServingMaterial.load(host.options))
    program.path = path
    if !asNobody { program.account = nil }
    return program
  }

  @Test func fourDescriptorsAndNoMore() throws {
    // One that is not close-on-exec, to be sure that it is not inherited all the same.
    let stray = dup(0)
    defer { close(stray) }
    // In place of the shell, which opens some of its own; readlink(1) is silent about those that are not open.
    let found = try findings("exec readlink \((0..<64).map { "/proc/self/fd/\($0)" }.joined(separator: " "))")
    #expect(found.count == 4, "\(found)")
    #expect(found.first == "/dev/null")
  }

  @Test func anEmptyEnvironment() throws {
    #expect(getenv("PATH") != nil, "what is not inherited has to be there")
    let found = try findings("tr '\\0' '\\n' < /proc/$$/environ")
    #expect(
      found == [
        "AGENTD_LOG_LEVEL=info", "AGENTD_LOG_FORMAT=text", "SWIFT_BACKTRACE=enable=no",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=64",
      ])
  }

  @Test func noCoreDumpsASessionOfItsOwnAndNoSignalBlocked() throws {
    let found = try findings(
      "ulimit -c; cut -d' ' -f1,6 /proc/$$/stat; exec grep -E '^(SigBlk|SigIgn)' /proc/self/status")
    #expect(found[0] == "0")
    let numbers = found[1].split(separator: " ")
    #expect(numbers[0] == numbers[1])
    let masks = found[2...3].compactMap { UInt64($0.split(separator: "\t")[1], radix: 16) }
    // 32 and 33 are the C library's, which lets nobody change them.
    #expect(masks.map { $0 & ~(3 << 31) } == [0, 0], "\(found)")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func theUserIsChangedForGood() throws {
    let account = try ListenerAccount.resolve("nobody")
    let found = try findings("grep -E '^(Uid|Gid|Groups|CapEff|CapPrm)' /proc/$$/status", asNobody: true)
    let (user, group) = (account.user, account.group)
    #expect(found[0] == "Uid:\t\(user)\t\(user)\t\(user)\t\(user)")
    #expect(found[1] == "Gid:\t\(group)\t\(group)\t\(group)\t\(group)")
    #expect(found[2].trimmingSuffix(while: \.isWhitespace) == "Groups:")
    #expect(found[3...4].allSatisfy { $0.hasSuffix("\t0000000000000000") })
  }

  @Test func whatCannotBeExecutedIsNamed() throws {
    let (_, theirs) = try FileDescriptor.socketPair()
    let program = try program("/no/such/program")
    #expect(throws: SystemError("execve", "agentd: listener", code: ENOENT)) { try program.start(socket: theirs) }
  }
}

extension String {
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, condition(last) { rest.removeLast() }
    return rest
  }
}
