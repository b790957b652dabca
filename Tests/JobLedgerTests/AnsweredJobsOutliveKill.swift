import AgentProtocol
import Glibc
import JobLedger
import TestSupport
import Testing

/// Goal: a supervisor killed (SIGKILL) at any moment loses no job that it had answered, and no partial change is visible.
struct AnsweredJobsOutliveKill {
  @Test(arguments: [0, 7, 40, 200])
  func kill(afterMilliseconds delay: Int) async throws {
    let home = try TemporaryFolder()
    let folder = home.path
    let roles = try BuiltProduct.path("agentd-test-roles")
    #expect(try await run(roles, "submit-until-killed", folder, "\(delay)").end == .signalled(SIGKILL))
    let answered = try home.read("answered").split(separator: "\n").map { JobID(String($0))! }
    let ledger = try JobLedger(path: "\(folder)/ledger.sqlite")
    try #require(answered.count > 2)
    for id in answered {
      #expect(try ledger.status(of: id)?.state == .running, "\(id)")
      #expect(try ledger.request(of: id) != nil, "\(id)")
    }
    // Each pair belongs to one turn.
    let recorded = Set(try ledger.unfinished().map(\.id.description))
    for id in recorded { #expect(recorded.contains(id.hasSuffix("a") ? "\(id.dropLast())b" : "\(id.dropLast())a")) }
    #expect(recorded.count - answered.count <= 2)
  }
}
