// Goal: agent-register -L reports the result of the reload it requested; what a running agentd cannot apply is refused and changes nothing.
import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct ListenerChangesAreAwaited {
  @Test func aPortThatSomebodyHasIsRefused() async throws {
    let agent = try await Installation.running()
    let taken = try await Installation.running()
    let before = try agent.folder.read("listener.toml")
    let refused = try await agent.attempt("-L", "-p", "\(taken.port)")
    #expect(refused.end == .exited(78), "\(refused.outputText)")
    #expect(refused.errorText.contains("could not reload, and keeps its old configuration: "), "\(refused.errorText)")
    #expect(refused.errorText.contains("\(taken.port)") && refused.errorText.contains("is what it was"))
    #expect(try agent.folder.read("listener.toml") == before)
    #expect(try await agent.request("GET", "agent").status == 200)

    // A valid change is in effect when the program has ended.
    let free = try FreePort.next()
    let changed = try await agent.attempt("-L", "-p", "\(free)")
    #expect(changed.end == .exited(0) && changed.outputText.contains("has reloaded"), "\(changed.errorText)")
    let answer = try await run(
      ["curl", "--output", "/dev/null", "--write-out", "%{http_code}"] + agent.curlArguments()
        + ["https://localhost:\(free)/v1/agent"])
    #expect(answer == "200")
    #expect(try await agent.attempt("-L", "-t", "").end == .exited(64))
  }

  @Test func anImportSaysSoToo() async throws {
    let agent = try await Installation.running()
    let another = try PKI.shared.root("Root Imported Later")
    let answer = try await agent.configure("-I", another.certificatePath)
    #expect(answer.contains("has reloaded"), "\(answer)")
  }

  private func run(_ command: [String]) async throws -> String {
    try await TestProcess(command, environment: ["PATH": "/usr/bin:/bin"]).end().outputText
  }
}
