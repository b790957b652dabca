import Glibc
import SystemCalls
import TestSupport

/// strace(1) attached to an agent's supervisor.
struct TracedSupervisor {
  private let tracer: TestProcess
  private let agent: Installation

  /// - Parameter point: the fault to inject; `nil` for none.
  init(of agent: Installation, failingAt point: FaultPoint?) async throws {
    self.agent = agent
    let tracer = try TestProcess(
      ["strace", "-p", "\(agent.supervisorID)", "-o", agent.folder.path("trace")]
        + (point?.tracing ?? FaultPoint.tracing))
    try await wait(for: "strace to attach") { tracer.errorText.contains("attached") || tracer.isOver }
    self.tracer = tracer
  }

  /// Detaches from the supervisor, which may have ended.
  ///
  /// - Returns: the trace of its calls.
  func detach() async throws -> String {
    try? tracer.handle.send(SIGINT)
    _ = try await tracer.end()
    return try agent.folder.read("trace")
  }
}

/// strace(1) on an agent's shepherds: in its mount namespace, the test role `TracedShepherds` replaces the shepherd's program.
struct TracedShepherd {
  private let agent: Installation

  init(of agent: Installation) async throws {
    self.agent = agent
    let program = try BuiltProduct.path("agentd-shepherd")
    let copy = agent.folder.path("agentd-shepherd")
    let copied = try await run("cp", program, copy)
    if copied.end != .exited(0) { throw HarnessError(copied.errorText) }
    let server = try BuiltProduct.path("agentd-test-roles")
    wrapper = [
      "unshare", "--mount", "/bin/sh", "-c", "mount --bind \(server) \(program) && exec \"$@\"", "sh",
    ]
  }

  /// The command prefix with which to start agentd.
  let wrapper: [String]

  /// Makes shepherds fail at this point from now on; `nil` for none.
  func fail(at point: FaultPoint?) throws {
    try agent.folder.write("trace", "")
    try agent.folder.write("tracing", (point?.tracing ?? FaultPoint.tracing).joined(separator: " ") + "\n")
  }

  /// Returns the trace of the last shepherd, after it has ended.
  func trace() async throws -> String {
    try await wait(for: "the shepherd's end") { try agent.folder.read("trace").contains("+++") }
    return try agent.folder.read("trace")
  }
}
