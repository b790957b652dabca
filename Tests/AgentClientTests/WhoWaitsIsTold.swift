// Goal: a request to an agent that is down is retried until patience runs out, and whoever waits for it is told why.
import AgentClient
import HTTPSClient
import Synchronization
import TestSupport
import Testing

@Suite struct WhoWaitsIsTold {
  @Test func whileItIsTriedAgain() async throws {
    let told = Mutex<[AgentError]>([])
    var limits = ClientLimits()
    limits.patience = 120
    limits.retrying = { error in told.withLock { $0.append(error) } }
    let client = AgentClient(
      ServerAddress(host: "127.0.0.1", port: try FreePort.next()), tls: try Certificates().context(), limits: limits)
    let asking = Task { try await client.status() }
    try await wait(for: "the word") { told.withLock { !$0.isEmpty } }
    asking.cancel()
    await #expect(throws: CancellationError.self) { try await asking.value }
    let words = told.withLock(\.self)
    #expect(words.count == 1)
    #expect("\(words[0])".contains("Connection refused"), "\(words)")
  }
}
