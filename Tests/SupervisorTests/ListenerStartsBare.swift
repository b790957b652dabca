import CLinux
import Glibc
import SystemCalls
import TestSupport
import Testing

@testable import Supervisor

/// A listener starts with its own user, a minimal environment, four descriptors and no way back.
@Suite(.enabled(if: geteuid() == 0, "only root can look into a process that is closed to all others"))
struct ListenerStartsBare {
  /// A listener that has completed its startup and waits for its first message.
  private final class Waiting {
    let process: ProcessHandle
    private let link: FileDescriptor

    init() async throws {
      let host = try ScratchHost()
      let image = try FileDescriptor.open(try BuiltProduct.path("agentd-network"), O_RDONLY)
      let program = RoleProgram(.listener, image, try ServingMaterial.load(host.options))
      let theirs: FileDescriptor
      (link, theirs) = try FileDescriptor.socketPair()
      process = try program.start(socket: theirs)
      // recvmsg(2) on descriptor 3.
      try await wait(for: "the listener to read its link") { try file("syscall").hasPrefix("\(SYS_recvmsg) 0x3 ") }
    }

    deinit { process.killAndWait() }

    /// Returns a file of the process in proc(5).
    func file(_ name: String) throws -> String {
      String(decoding: try DurableFile.read("/proc/\(process.processID)/\(name)", limit: 1 << 20), as: UTF8.self)
    }

    /// The fields of /proc/PID/status.
    func status() throws -> [String: String] {
      let lines = try file("status").split(separator: "\n").map { $0.split(separator: ":", maxSplits: 1) }
      return Dictionary(uniqueKeysWithValues: lines.map { (String($0[0]), $0[1].trimming(\.isWhitespace)) })
    }
  }

  @Test func fourDescriptorsAndNoMore() async throws {
    // Not close-on-exec, to verify that it is still not inherited.
    let stray = dup(0)
    defer { close(stray) }
    let listener = try await Waiting()
    #expect(try Folder.names(in: "/proc/\(listener.process.processID)/fd").sorted() == ["0", "1", "2", "3"])
  }

  @Test func anEnvironmentOfWhatItIsTold() async throws {
    #expect(getenv("PATH") != nil, "what is not inherited has to be there")
    #expect(
      try await Waiting().file("environ").split(separator: "\0") == [
        "AGENTD_LOG_LEVEL=info", "AGENTD_LOG_FORMAT=text", "SWIFT_BACKTRACE=enable=no",
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=64",
      ])
  }

  @Test func aTitleAndANameOfItsOwn() async throws {
    let listener = try await Waiting()
    #expect(try listener.file("cmdline") == "agentd: listener\0")
    #expect(try listener.file("comm") == "agentd-listener\n")
  }

  @Test func noCoreDumpsASessionOfItsOwnAndNoSignalBlocked() async throws {
    let listener = try await Waiting()
    let limits = try listener.file("limits").split(separator: "\n")
    #expect(limits.contains { $0.split(separator: " ").starts(with: ["Max", "core", "file", "size", "0", "0"]) })
    #expect(ProcessFact(listener.process.processID)?.session == listener.process.processID)
    let mask = try #require(UInt64(try listener.status()["SigBlk"] ?? "", radix: 16))
    // 32 and 33 belong to the C library, which does not let others change them.
    #expect(mask & ~(3 << 31) == 0)
  }

  @Test func theUserIsChangedForGood() async throws {
    // The `listener_user` of `ScratchHost`.
    let own = try #require(getpwnam("games"))
    let (user, group) = (own.pointee.pw_uid, own.pointee.pw_gid)
    let status = try await Waiting().status()
    #expect(status["Uid"] == "\(user)\t\(user)\t\(user)\t\(user)")
    #expect(status["Gid"] == "\(group)\t\(group)\t\(group)\t\(group)")
    #expect(status["Groups"] == "")
    for set in ["CapInh", "CapEff", "CapPrm", "CapBnd", "CapAmb"] {
      #expect(status[set] == "0000000000000000", "\(set)")
    }
  }

  @Test func whatCannotBeExecutedIsNamed() throws {
    let host = try ScratchHost()
    let image = try FileDescriptor.open(host.folder.write("program", "no program", mode: 0o755), O_RDONLY)
    let program = RoleProgram(.listener, image, try ServingMaterial.load(host.options))
    let (_, theirs) = try FileDescriptor.socketPair()
    #expect(throws: SystemError("execveat", "agentd: listener", code: ENOEXEC)) { try program.start(socket: theirs) }
  }
}

extension Substring {
  fileprivate func trimming(_ condition: (Character) -> Bool) -> String {
    var rest = self[...]
    while let first = rest.first, condition(first) { rest.removeFirst() }
    while let last = rest.last, condition(last) { rest.removeLast() }
    return String(rest)
  }
}
