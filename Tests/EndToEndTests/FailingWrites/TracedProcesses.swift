import Glibc
import SystemCalls
import TestSupport

/// strace(1) on an agent's supervisor, from now on.
struct TracedSupervisor {
  private let tracer: TestProcess
  private let agent: Installation

  /// - Parameter point: where it fails; `nil` for nowhere.
  init(of agent: Installation, failingAt point: FaultPoint?) async throws {
    self.agent = agent
    let tracer = try TestProcess(
      ["strace", "-p", "\(agent.supervisorID)", "-o", agent.folder.path("trace")]
        + (point?.tracing ?? FaultPoint.tracing))
    try await wait(for: "strace to attach") { tracer.errorText.contains("attached") || tracer.isOver }
    self.tracer = tracer
  }

  /// Leaves the supervisor as it is; it may have ended.
  ///
  /// - Returns: the calls it made.
  func detach() async throws -> String {
    try? tracer.handle.send(SIGINT)
    _ = try await tracer.end()
    return try agent.folder.read("trace")
  }
}

/// strace(1) on the shepherds of an agent: in its mount namespace a script has the place of the shepherd's program.
struct TracedShepherd {
  private let agent: Installation

  init(of agent: Installation) async throws {
    self.agent = agent
    let program = try BuiltProduct.path("agentd-shepherd")
    let copy = agent.folder.path("agentd-shepherd")
    let copied = try await run("cp", program, copy)
    if copied.end != .exited(0) { throw HarnessError(copied.errorText) }
    try agent.folder.write(
      "shepherd.sh",
      """
      #!/bin/sh
      read -r tracing < \(agent.folder.path("tracing"))
      exec /usr/bin/strace -D -o \(agent.folder.path("trace")) $tracing \(copy)

      """, mode: 0o755)
    wrapper = [
      "unshare", "--mount", "/bin/sh", "-c", "mount --bind shepherd.sh \(program) && exec \"$@\"", "sh",
    ]
  }

  /// What agentd is to be started with.
  let wrapper: [String]

  /// From now on shepherds fail there; `nil` for nowhere.
  func fail(at point: FaultPoint?) throws {
    try agent.folder.write("trace", "")
    try agent.folder.write("tracing", (point?.tracing ?? FaultPoint.tracing).joined(separator: " ") + "\n")
  }

  /// The calls of the last one, as soon as it has ended.
  func trace() async throws -> String {
    try await wait(for: "the shepherd's end") { try agent.folder.read("trace").contains("+++") }
    return try agent.folder.read("trace")
  }
}
