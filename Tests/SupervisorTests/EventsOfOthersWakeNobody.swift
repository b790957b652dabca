import AgentProtocol
import SupervisorLink
import TestSupport
import Testing
import Values

@testable import Supervisor

/// A client that waits for events of its own jobs is not woken by those of others, and misses nothing.
struct EventsOfOthersWakeNobody {
  private static func client(_ name: String) -> VerifiedClient {
    VerifiedClient(ClientIdentity(subject: "CN=\(name)", thumbprint: Thumbprint(repeating: "00")))
  }

  @Test func onlyThoseAreAnsweredWhoMaySeeTheJob() throws {
    let tables =
      ["scheduler", "other"].map { "[[client]]\ncertificate = \"CN=\($0)\"\ndefault_user = \"nobody\"\n" }.joined()
      + "[[client]]\ncertificate = \"CN=all\"\njobs = \"all\"\nread_only = true\n"
    let stage = try JobsStage(clients: tables)
    let position = try #require(try stage.answer(.nextEvents(after: nil, wait: 0)).batch?.position)
    let waiting = ["scheduler", "other", "all"].map {
      stage.ask(.nextEvents(after: position, wait: 60), as: Self.client($0))
    }
    _ = try stage.submit("j1", "/bin/true")
    try stage.reactor.turns(until: "an answer to those who may see it") {
      waiting[0].answer != nil && waiting[2].answer != nil
    }
    #expect(waiting[1].answer == nil)
    _ = try stage.end("j1")
    let job = JobRequest(command: ["/bin/true"])
    _ = try stage.answer(.submitJob(JobID("j2")!, job), as: Self.client("other"))
    try stage.reactor.turns(until: "an answer to the other") { waiting[1].answer != nil }
    let batch = try #require(waiting[1].batch)
    #expect(!batch.isGap && batch.changes.map(\.change.id.description).contains("j2"))
    #expect(!batch.changes.map(\.change.id.description).contains("j1"))
  }
}

extension JobsStage.Asked {
  fileprivate var batch: EventBatch? { if case .events(let batch) = answer { batch } else { nil } }
}
