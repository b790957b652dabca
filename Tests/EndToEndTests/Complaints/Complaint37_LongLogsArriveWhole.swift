// The complaint: buildkite/agent#1208, PR#3191, PR#2192: a long log arrives in part, or is held in memory up to a limit.
// The promise: a slow reader of a long log that is interrupted and continues gets every byte, and the listener holds none of it.
import AgentProtocol
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite struct Complaint37_LongLogsArriveWhole {
  @Test func sixtyFourMegabytesThroughAKilledListener() async throws {
    let agent = try await Installation.running()
    let client = try agent.client()
    let id = JobID("log")!
    let size = 64 << 20
    _ = try await client.submit(id, JobRequest(command: ["/bin/sh", "-c", "yes 0123456789abcde | head -c \(size)"]))
    _ = try await client.finalState(of: id)
    let before = try await memory(of: agent)
    let progress = Progress()
    let end = try await client.output(of: id) { bytes in
      if progress.passes(8 << 20, with: bytes.count) {
        let grown = try await memory(of: agent) - before
        #expect(grown < 8 << 10)
        kill(try await agent.listenerID(), SIGKILL)
      }
      progress.check(bytes)
    }
    #expect(end == Int64(size))
    let (seen, wrong) = progress.state.withLock { $0 }
    #expect(seen == size)
    #expect(wrong == 0)
  }

  /// The listener's resident memory, in KiB.
  private func memory(of agent: Installation) async throws -> Int {
    Int(try ProcessTable.status(try await agent.listenerID())["VmRSS"]?.first ?? "") ?? 0
  }
}

/// How much was read, and how much of it was wrong.
private final class Progress: Sendable {
  let state = Mutex((seen: 0, wrong: 0))

  func passes(_ mark: Int, with count: Int) -> Bool {
    state.withLock { $0.seen < mark && $0.seen + count >= mark }
  }

  func check(_ bytes: [UInt8]) {
    let line = Array("0123456789abcde\n".utf8)
    state.withLock { state in
      for (index, byte) in bytes.enumerated() where byte != line[(state.seen + index) % 16] { state.wrong += 1 }
      state.seen += bytes.count
    }
  }
}
