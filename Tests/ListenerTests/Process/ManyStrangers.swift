import AgentProtocol
import TestSupport
import Testing

@testable import Listener

/// Unauthenticated connections are dropped when there are many; clients that have authenticated before do not notice.
struct ManyStrangers {
  @Test func theyKeepNoSchedulerOut() async throws {
    var limits = ConnectionLimits()
    limits.counts.unauthenticated = EarlyDrop(start: 3, rate: 100, full: 3)
    let listener = try RunningListener(connectionLimits: limits)
    _ = try await listener.ready()
    let url = "\(listener.url)/v1/agent"
    #expect(try await listener.curl(url).end == .exited(0))

    let strangers = try await Strangers.start(listener, from: "127.0.0.2", count: 20)
    #expect(strangers.outputText == "3 of 20 are open\n")
    #expect(listener.log.lines.count { $0.contains("connections are dropped") } == 1)
    #expect(!listener.log.lines.contains { $0.contains("connection refused") }, "one line is enough")
    // From another address, which is still unknown.
    #expect(try await listener.curl("--interface", "127.0.0.3", url).end != .exited(0))
    for _ in 0..<5 { #expect(try await listener.curl(url).end == .exited(0)) }

    strangers.closeInput()
    _ = try await strangers.end()
    try await wait(for: "room") { try await listener.curl("--interface", "127.0.0.3", url).end == .exited(0) }
  }

  @Test func oneAddressHasItsShare() async throws {
    var limits = ConnectionLimits()
    limits.counts.unauthenticatedPerSource = 3
    let listener = try RunningListener(connectionLimits: limits)
    _ = try await listener.ready()
    let strangers = try await Strangers.start(listener, from: "127.0.0.2", count: 20)
    #expect(strangers.outputText == "3 of 20 are open\n")
    let lines = listener.log.lines.filter { $0.contains("connection refused") }
    #expect(lines.count == RefusalLog.linesPerWindow)
    #expect(
      lines.allSatisfy { $0.contains("peer=127.0.0.2:") && $0.contains("(unauthenticated_per_source in [limits])") })
    #expect(try await listener.curl("\(listener.url)/v1/agent").end == .exited(0))
    strangers.closeInput()
    _ = try await strangers.end()
  }

  private enum Strangers {
    /// Opens silent connections, and waits until it is clear which of them stay open.
    static func start(_ listener: RunningListener, from address: String, count: Int) async throws -> TestProcess {
      let process = try TestProcess(
        ["python3", "-c", script, "\(listener.port)", address, "\(count)"], input: nil)
      try await wait(for: "the strangers") { process.outputText.hasSuffix("\n") }
      return process
    }

    private static let script = """
      import select, socket, sys
      port, address, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
      held = [socket.create_connection(("127.0.0.1", port), source_address=(address, 0)) for _ in range(count)]
      # Those that are dropped show it at once, the last one last.
      closed = set()
      while len(closed) < count - 3: closed |= set(select.select([s for s in held if s not in closed], [], [], 20)[0])
      open_ = count - len(closed | set(select.select(held, [], [], 0.2)[0]))
      print(open_, "of", count, "are open", flush=True)
      sys.stdin.read()
      """
  }
}
