import AgentProtocol
import Glibc
import Testing

@testable import Supervisor

/// The supervisor's answer to `GET /metrics`.
struct MetricsAreCounted {
  @Test func jobsByTheirEnd() throws {
    let stage = try JobsStage()
    _ = try stage.submit("good", "/bin/true")
    _ = try stage.submit("bad", "/bin/false")
    _ = try stage.submit("bad", "/bin/false")
    _ = try (stage.end("good"), stage.end("bad"))
    guard case .metrics(let figures)? = try stage.answer(.showMetrics).answer else {
      Issue.record("no figures")
      return
    }
    // The second submit of the same job does not count.
    #expect(figures.submitted == 2)
    #expect(figures.ended.first { $0.state == .succeeded }?.count == 1)
    #expect(figures.ended.first { $0.state == .failed }?.count == 1)
    #expect(figures.ended.map(\.count).reduce(0, +) == 2)
    #expect(Set(figures.ended.map(\.state)) == Set(JobState.allCases.filter(\.isFinal)))
    #expect(figures.ran.counts.reduce(0, +) == 2 && figures.waited.counts.reduce(0, +) == 2)
    #expect(figures.ledgerBytes > 4096)
    #expect((figures.diskFreeBytes ?? 0) > 0 && figures.diskFloorBytes != nil)
    #expect(figures.capacity == stage.jobs.capacity)
    #expect(figures.processes.map(\.role) == ["supervisor"])
    #expect(figures.processes[0].residentBytes > 1 << 20)
    #expect((figures.openDescriptors ?? 0) > 3)
  }

  @Test func listenersThatDiedAndWereReplaced() throws {
    let stage = try SupervisionStage()
    try stage.startServing()
    #expect(stage.supervision.restarts == 0)
    #expect(stage.supervision.processes.map(\.role) == ["listener", "signer"])
    #expect(stage.supervision.processes[0].number == stage.fakes[0].process.processID)
    try stage.fakes[0].process.send(SIGKILL)
    try stage.reactor.turns(until: "another listener") { stage.fakes.count == 2 }
    #expect(stage.supervision.restarts == 1)
  }

  @Test(
    arguments: [
      // A process's name may contain what looks like its end.
      ("7 (a) 9 (b)) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 99 8192 3 18446744073709551615", 2.0, Int64(3)),
      ("7 (a) S 1 7 7 0 -1 4194560 1 2 3 4 150", nil, nil),
      ("", nil, nil),
    ] as [(String, Double?, Int64?)])
  func aProcessAsTheKernelTellsOfIt(line: String, seconds: Double?, pages: Int64?) {
    let use = ProcessFigures.use("listener", line)
    #expect(use?.cpuSeconds == seconds.map { $0 * 100 / Double(sysconf(Int32(_SC_CLK_TCK))) })
    #expect(use?.residentBytes == pages.map { $0 * Int64(sysconf(Int32(_SC_PAGESIZE))) })
  }
}
