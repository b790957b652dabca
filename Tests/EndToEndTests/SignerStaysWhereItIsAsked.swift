// Goal: no processor is woken for a signature. A signer thread stays on the processor from which the listener asked, so that the two take
// turns there.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct SignerStaysWhereItIsAsked {
  @Test(.enabled(if: sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1, "one processor is always the same"))
  func onOneProcessor() async throws {
    let agent = try await Installation.running()
    let signer = try #require(
      try ProcessTable.children(of: agent.supervisorID).first { ProcessTable.title($0) == "agentd: signer" })
    #expect(try await agent.request("GET", "agent").status == 200)
    try await wait(for: "a thread on one processor") {
      try ProcessTable.threads(of: signer).contains { thread in
        let allowed = try ProcessTable.status(thread)["Cpus_allowed_list"]?.first
        return allowed.flatMap { Int($0) } != nil
      }
    }
    #expect(try await agent.request("GET", "agent").status == 200)
  }
}
