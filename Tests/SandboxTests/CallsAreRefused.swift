// Goal: whoever takes over the listener or the signer gets no further than the open descriptors. A process confined like the role makes
// each call; the same call succeeds outside, so the sandbox is what refuses it.
import Glibc
import TestSupport
import Testing

@Suite struct CallsAreRefused {
  /// The result of a call.
  enum Outcome: Equatable, Sendable {
    case made, refused(Int32), killed
  }

  struct Case: Sendable, CustomStringConvertible {
    let call: String
    let listener: Outcome
    let signer: Outcome
    var description: String { call }

    init(_ call: String, listener: Outcome, signer: Outcome) {
      (self.call, self.listener, self.signer) = (call, listener, signer)
    }
    init(_ call: String, both outcome: Outcome) { self.init(call, listener: outcome, signer: outcome) }
  }

  static let cases = [
    Case("open", both: .refused(EPERM)),
    Case("make-file", both: .refused(EPERM)),
    Case("list-folder", both: .refused(EPERM)),
    Case("stat", both: .refused(EPERM)),
    Case("socket-inet", both: .killed),
    Case("socket-unix", both: .refused(EPERM)),
    Case("execve", both: .killed),
    Case("ptrace", both: .killed),
    Case("read-memory", both: .killed),
    Case("fork", both: .killed),
    Case("signal-parent", both: .refused(EPERM)),
    Case("signal-parent-thread", both: .refused(EPERM)),
    Case("map-executable", both: .refused(EPERM)),
    Case("make-executable", both: .refused(EPERM)),
    Case("io_uring", both: .killed),
    Case("new-user-namespace", both: .killed),
    Case("terminal-input", both: .refused(EPERM)),
    Case("x32", both: .killed),
    // Calls that at least one of them needs.
    Case("thread", listener: .made, signer: .killed),
    Case("signal-self", both: .made),
    Case("allocate", both: .made),
    Case("write", both: .made),
    Case("give-pages-back", both: .made),
  ]

  @Test(arguments: cases)
  func insideTheSandbox(_ attempt: Case) async throws {
    #expect(try await outcome(of: attempt.call, in: "listener") == attempt.listener)
    #expect(try await outcome(of: attempt.call, in: "signer") == attempt.signer)
  }

  /// Renewal connects to a server and changes files, so it can do more, but only what it needs.
  @Test(
    arguments: [
      ("open", .refused(EACCES)), ("open-hosts", .made), ("change-hosts", .refused(EACCES)),
      ("parent-environment", .refused(EACCES)), ("make-file", .refused(EACCES)), ("list-folder", .refused(EACCES)),
      ("socket-inet", .made),
      ("socket-unix", .made), ("connect", .refused(EACCES)), ("execve", .killed), ("ptrace", .killed),
      ("read-memory", .killed), ("fork", .killed), ("signal-parent", .refused(EPERM)), ("io_uring", .killed),
      ("new-user-namespace", .killed), ("x32", .killed), ("thread", .made), ("signal-self", .made),
      ("allocate", .made),
    ] as [(String, Outcome)])
  func inTheRenewal(call: String, outcome: Outcome) async throws {
    #expect(try await self.outcome(of: call, in: "renewal") == outcome)
  }

  @Test func outsideNobodyListensThere() async throws {
    #expect(try await outcome(of: "connect", in: "outside") == .refused(ECONNREFUSED))
  }

  @Test(arguments: [
    "open", "open-hosts", "change-hosts", "parent-environment", "list-folder", "stat", "socket-inet", "socket-unix",
    "execve", "ptrace",
    "fork", "signal-parent",
    "map-executable", "make-executable", "thread", "signal-self", "allocate", "write",
  ])
  func theSameOutside(call: String) async throws {
    #expect(try await outcome(of: call, in: "outside") == .made)
  }

  /// Landlock alone, as the second line of defence behind the filter.
  @Test(arguments: ["open", "make-file", "list-folder"])
  func withoutTheFilterFilesAreStillOutOfReach(call: String) async throws {
    #expect(try await outcome(of: call, in: "landlock") == .refused(EACCES))
  }

  @Test func oldKernelsMeanWarningsAndNoMore() async throws {
    let result = try await run(BuiltProduct.path("agentd-test-roles"), "attempt-on-old-kernel")
    #expect(
      result.outputText.split(separator: "\n") == [
        "files can be opened (no landlock): landlock_create_ruleset: Function not implemented",
        "all system calls are allowed (no seccomp): seccomp: Function not implemented", "open",
      ])
    #expect(result.end == .exited(0))
  }

  /// Any output except the number is a part of the sandbox that this host lacks: the failed check then shows it.
  private func outcome(of call: String, in place: String) async throws -> Outcome {
    let result = try await run(BuiltProduct.path("agentd-test-roles"), "attempt", place, call)
    if result.end == .signalled(SIGSYS) { return .killed }
    try #require(result.end == .exited(0), "\(result)")
    // A program that replaced the process prints nothing.
    if call == "execve", result.output.isEmpty { return .made }
    let code = try #require(
      Int32(result.outputText.split(separator: "\n").joined(separator: " ")), "\(result.outputText)")
    return code == 0 ? .made : .refused(code)
  }
}
