import AgentProtocol
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing

@testable import Listener

/// The listener as a separate process with few descriptors: excess connections wait without using CPU time, and are served when others have
/// gone.
struct OutOfDescriptors {
  @Test func connectionsWaitAndAreServedLater() async throws {
    let link = try FileDescriptor.socketPair()
    let supervisor = try TestSupervisor(link.0) { _, _, _ in nil }
    let folder = try TemporaryFolder()
    let log = try FileDescriptor.open(folder.path("log"), O_RDWR | O_CREAT | O_APPEND, mode: 0o600)
    let order = try RoleOrder(account: nil, descriptorLimit: 40, parent: getpid()).pipe()
    var program = Program(
      try BuiltProduct.path("agentd-network"), arguments: [Role.listener.rawValue],
      descriptors: [nil, nil, log, link.1, order])
    program.environment = ["PATH=/usr/bin:/bin"]
    let process = try program.start()
    link.1.close()
    defer {
      try? process.send(SIGKILL)
      waitpid(process.processID, nil, 0)
    }
    let port = try RunningListener.configure(supervisor)
    _ = try await wait(for: "the report") { supervisor.verdict }

    let holders = try TestProcess(["python3", "-c", Self.hold, String(port)], input: nil)
    try await wait(for: "more connections than descriptors") {
      holders.outputText == "connected\n" && (try? folder.read("log").contains("new connections wait")) == true
    }
    let before = try cpuTicks(process.processID)
    let start = ContinuousClock().now
    try await wait(for: "a second to pass") { ContinuousClock().now - start > .seconds(1) }
    // However long the second takes on a busy machine: an accept loop that spins uses all the CPU it gets.
    let ticksPassed = Int((ContinuousClock().now - start) / .milliseconds(10))
    #expect(try cpuTicks(process.processID) - before < max(20, ticksPassed / 5), "waiting may not cost CPU time")

    holders.closeInput()
    _ = try await holders.end()
    let answer = try await TestProcess(RunningListener.curl() + ["https://localhost:\(port)/v1/agent"]).end()
    #expect(answer.outputText.contains(#""name":"agent-1""#), "\(answer.errorText)")
    #expect(try folder.read("log").components(of: "new connections wait") == 1, "once a minute is enough")
  }

  private static let hold = """
    import socket, sys
    held = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(60)]
    print("connected", flush=True)
    sys.stdin.read()
    """

  /// Returns user and system time in clock ticks of 10 ms; proc_pid_stat(5).
  private func cpuTicks(_ process: pid_t) throws -> Int {
    let text = String(decoding: try DurableFile.read("/proc/\(process)/stat", limit: 4096), as: UTF8.self)
    let fields = text.split(separator: ") ").last?.split(separator: " ") ?? []
    return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
  }
}
