// Goal: what is piped or redirected to agentctl reaches the job, byte by byte, as with ssh; what is not passed on is said; nothing hangs.
import FoundationEssentials
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct JobsReadWhatIsPiped {
  private static let binary: [UInt8] = [0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe] + Array(0...255) + [0x0a, 0x00]

  private func result(
    _ agent: Installation, _ command: [String], input: [UInt8] = []
  ) async throws -> ProcessResult {
    try await TestProcess(command, environment: agent.environment, directory: agent.folder.path, input: input).end()
  }

  @Test(arguments: [
    Array("data\n".utf8), Array("é\u{301}\r\n\tx".utf8), binary, [UInt8](repeating: 0, count: 60_000), [],
  ])
  func everyByteArrives(_ input: [UInt8]) async throws {
    let agent = try await Installation.running()
    for (id, options) in [("piped", []), ("asked", ["--stdin", "-"])] {
      let run = try await result(agent, agent.agentctl("run", "--id", id) + options + ["--", "/bin/cat"], input: input)
      #expect(run.output == input && run.end == .exited(0), "\(run.errorText)")
    }
    let submitted = try await result(agent, agent.agentctl("submit", "--id", "later", "--", "/bin/cat"), input: input)
    #expect(submitted.end == .exited(0), "\(submitted.errorText)")
    #expect(try await agent.job("later", wait: 60).outputBytes == Int64(input.count))
    let without = try await result(agent, agent.agentctl("run", "-n", "--", "/bin/cat"), input: input)
    #expect(without.output == [] && without.end == .exited(0))
  }

  /// Files, devices and closed descriptors, as a shell opens them.
  @Test func whateverAShellRedirectsIsRead() async throws {
    let agent = try await Installation.running()
    try agent.folder.write("in", Self.binary)
    try agent.folder.write("big", [UInt8](repeating: 0x41, count: 786_433))
    try agent.folder.write("large", [UInt8](repeating: 0x41, count: 262_145))
    let count = try agent.agentctl("run", "--", "/usr/bin/wc", "-c").joined(separator: " ")
    for (redirection, expected) in [
      ("<in", "\(Self.binary.count)"), ("</dev/null", "0"), ("<&-", "0"), ("0>/dev/null", "0"), ("<.", "0"),
    ] {
      let run = try await result(agent, ["/bin/sh", "-c", "\(count) \(redirection)"])
      #expect(run.outputText == "\(expected)\n" && run.end == .exited(0), "\(redirection): \(run.errorText)")
    }
    for (redirection, words, code) in [
      ("<big", "standard input: more than 786432 bytes, the maximum of a job's input", EX_NOINPUT),
      ("</dev/zero", "standard input: more than 786432 bytes", EX_NOINPUT),
      ("<large", "262145 bytes; this agent accepts at most 262144 (input_limit in agentd.toml)", EX_DATAERR),
    ] {
      let run = try await result(agent, ["/bin/sh", "-c", "\(count) \(redirection)"])
      #expect(run.errorText.contains(words) && run.end == .exited(code), "\(redirection): \(run.errorText)")
      #expect(run.outputText == "")
    }
    let file = try await result(agent, agent.agentctl("run", "--stdin", "big", "--", "/bin/cat"))
    #expect(file.errorText.contains("big: more than 786432 bytes") && file.end == .exited(EX_NOINPUT))
    // A loop gives its list to the first command, as ssh does; -n prevents it.
    let apart = try agent.agentctl("run", "-n", "--", "/usr/bin/wc", "-c").joined(separator: " ")
    let loop = "printf '1\\n2\\n3\\n' | while read x; do \(apart); done"
    #expect(try await result(agent, ["/bin/sh", "-c", loop]).outputText == "0\n0\n0\n")
  }

  @Test func aPipeThatNobodyWritesToHoldsNothingUp() async throws {
    let agent = try await Installation.running()
    let idle = try TestProcess(
      agent.agentctl("run", "--id", "idle", "--", "/bin/cat"), environment: agent.environment,
      directory: agent.folder.path, input: nil)
    let slow = try TestProcess(
      agent.agentctl("run", "--id", "slow", "--", "/bin/cat"), environment: agent.environment,
      directory: agent.folder.path, input: nil)
    try slow.write("one ")
    let refused = try await idle.end()
    #expect(refused.errorText.contains("nothing has arrived for 10 s; nothing was started: -n runs the job without it"))
    #expect(refused.end == .exited(EX_NOINPUT))
    #expect(try await result(agent, agent.agentctl("show", "idle")).errorText.contains("there is no job idle"))
    // Where something has arrived, the end is waited for.
    try await wait(for: "the message") {
      slow.errorText.contains("waiting for the end of standard input, 4 bytes so far")
    }
    try slow.write("two\n")
    slow.closeInput()
    #expect(try await slow.end().outputText == "one two\n")
  }

  @Test func aTerminalIsNotRead() async throws {
    let agent = try await Installation.running()
    let terminal = try Terminal(
      agent.agentctl("run", "--", "/usr/bin/wc", "-c"), environment: agent.environment, directory: agent.folder.path)
    try await terminal.expect("0\r\n")
  }

  @Test func manyAgentsReadTheSame() async throws {
    let fleet = try await Fleet()
    for name in ["a", "b"] {
      let agent = try await fleet.agent(name)
      try await agent.start()
      try await fleet.add(name, agent)
    }
    let run = try fleet.start("run", "-a", "*", "--", "/usr/bin/od", "-An", "-tx1", input: [0xff, 0x00, 0x0a])
    #expect(try await run.end().outputText.split(separator: "\n").sorted() == ["a:  ff 00 0a", "b:  ff 00 0a"])
  }
}
