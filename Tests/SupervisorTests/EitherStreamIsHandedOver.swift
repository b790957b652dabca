import AgentProtocol
import Glibc
import SystemCalls
import Testing
import Wording

@testable import JobLedger
@testable import Supervisor

/// Goal: a client gets the stream that it asks for, also while it grows, and is told if a job does not have it.
struct EitherStreamIsHandedOver {
  private func text(_ asked: JobsStage.Asked) throws -> String {
    String(decoding: try #require(asked.descriptors.first).readAll(limit: 1000), as: UTF8.self)
  }

  @Test func eachIsItsOwn() throws {
    let stage = try JobsStage()
    let script = "echo out; echo err >&2; " + stage.untilReleased()[2] + "; echo late >&2"
    let id = JobID("a")!
    _ = try stage.submit("a", "/bin/sh", "-c", script) { $0.stderr = .separate }
    let followers = try OutputStream.allCases.map { try stage.answer(.openOutput(id, stream: $0, follow: true)) }
    let watches = followers.map { asked -> Int32? in
      if case .output(_, let watch) = asked.answer { watch } else { nil }
    }
    #expect(watches[0] != nil && watches[1] != nil && watches[0] != watches[1])
    try stage.reactor.turns(until: "both were written to") {
      (try? stage.answer(.showJob(id, wait: 0)).status?.stderrBytes) == 4
    }
    try stage.release()
    let end = try stage.end("a")
    #expect(end.outputBytes == 4 && end.stderrBytes == 9)
    #expect(try text(followers[0]) == "out\n")
    #expect(try text(followers[1]) == "err\nlate\n")
    let blocks = try followers.flatMap(\.descriptors).map { try $0.status("output").st_blocks }
    let bytes = Int64(blocks.reduce(0, +)) * 512
    #expect(try stage.jobs.ledger.ended() == [ExactText("CN=scheduler"): EndedJobs(jobs: 1, bytes: bytes)])
    #expect(try stage.jobs.ledger.endedFirst(limit: 1).first?.bytes == bytes)
    _ = try stage.answer(.deleteJob(id))
    #expect(try stage.jobs.ledger.ended().isEmpty)
  }

  @Test func aJobWithoutOneSaysSo() throws {
    let stage = try JobsStage(maxRunning: 1)
    _ = try stage.submit("a", "/bin/sh", "-c", "echo err >&2; " + stage.untilReleased()[2])
    let asked = try stage.answer(.openOutput(JobID("a")!, stream: .stderr, follow: true))
    #expect(asked.problem == .notFound)
    // A queued job has it once it has started.
    _ = try stage.submit("b", "/bin/sh", "-c", "echo err >&2") { $0.stderr = .separate }
    let waiting = stage.ask(.openOutput(JobID("b")!, stream: .stderr, follow: true))
    try stage.release()
    #expect(try stage.end("b").state == .succeeded)
    #expect(try text(waiting) == "err\n")
    #expect(try stage.end("a").stderrBytes == nil)
  }
}
