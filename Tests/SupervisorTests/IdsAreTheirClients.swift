import AgentProtocol
import SupervisorLink
import TestSupport
import Testing
import Values

@testable import Supervisor

/// A client that sees only its own jobs has its own ids: it neither learns about others' ids nor collides with them. Clients that see all
/// jobs share one space, so that a standby scheduler finds what the first one submitted.
struct IdsAreTheirClients {
  private static let rules =
    ["own-a", "own-b"].map { "[[client]]\ncertificate = \"CN=\($0)\"\ndefault_user = \"nobody\"\n" }
    .joined() + "[[client]]\ncertificate = \"*\"\njobs = \"all\"\n"

  private func client(_ name: String) -> VerifiedClient {
    VerifiedClient(ClientIdentity(subject: "CN=\(name)", thumbprint: .unknown))
  }

  private let id = JobID("nightly")!

  private func submit(_ stage: JobsStage, _ text: String, as name: String) throws -> JobsStage.Asked {
    try stage.answer(.submitJob(id, JobRequest(command: ["/bin/echo", text])), as: client(name))
  }

  private func output(_ stage: JobsStage, as name: String) throws -> String {
    #expect(try stage.answer(.showJob(id, wait: 60), as: client(name)).status?.state == .succeeded)
    let file = try #require(try stage.answer(.openOutput(id, follow: false), as: client(name)).descriptors.first)
    return String(decoding: try file.readAll(limit: 100), as: UTF8.self)
  }

  @Test func oneIdManyJobs() throws {
    let stage = try JobsStage(clients: Self.rules)
    for (text, name) in [("a", "own-a"), ("b", "own-b"), ("all", "first")] {
      let asked = try submit(stage, text, as: name)
      #expect(asked.created == true && asked.status?.id.description == "nightly", "\(name)")
      // Submitting it again gives the same job.
      #expect(try submit(stage, text, as: name).created == false)
      #expect(try submit(stage, "another", as: name).problem == .conflict)
      #expect(try output(stage, as: name) == "\(text)\n")
    }
    // A standby finds the shared job, and nobody's own.
    #expect(try submit(stage, "all", as: "standby").created == false)
    #expect(try output(stage, as: "standby") == "all\n")
    let page = try #require(try stage.answer(.listJobs(JobFilter()), as: client("standby")).page)
    #expect(page.jobs.count == 3)
    // Each deletes its own.
    _ = try stage.answer(.deleteJob(id), as: client("own-a"))
    #expect(try stage.answer(.showJob(id, wait: 0), as: client("own-a")).problem == .notFound)
    #expect(try output(stage, as: "own-b") == "b\n" && output(stage, as: "first") == "all\n")
    // A client that sees all jobs can also access those in another's own space.
    _ = try stage.answer(.deleteJob(id), as: client("first"))
    #expect(try output(stage, as: "first") == "b\n")
  }

  @Test func aRestartAndOtherRightsLoseNothing() throws {
    let folder = try TemporaryFolder()
    func restarted(_ rules: String, _ body: (JobsStage) throws -> Void) throws {
      let stage = try JobsStage(clients: rules, in: folder)
      _ = try stage.jobs.recover()
      try body(stage)
    }
    try restarted("") { (stage: JobsStage) throws in
      #expect(try submit(stage, "a", as: "own-a").created == true)
      #expect(try output(stage, as: "own-a") == "a\n")
    }
    try restarted(Self.rules) { (stage: JobsStage) throws in
      // Of a time when it shared its ids: still its own, and not run twice.
      #expect(try submit(stage, "a", as: "own-a").created == false)
      #expect(try submit(stage, "b", as: "own-b").created == true)
      #expect(try output(stage, as: "own-b") == "b\n")
    }
    try restarted("") { (stage: JobsStage) throws in
      #expect(try submit(stage, "b", as: "own-b").problem == .conflict)
      #expect(try output(stage, as: "own-a") == "a\n")
    }
  }
}
