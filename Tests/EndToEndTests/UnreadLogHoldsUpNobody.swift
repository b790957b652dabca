// Goal: agentd whose standard error is a pipe that nobody reads keeps serving and running jobs, both supervisor and listener; when somebody
// reads again, both report how much of their log is missing.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct UnreadLogHoldsUpNobody {
  @Test func jobsRunAndHandshakesAreAnswered() async throws {
    let agent = try await Installation()
    try await agent.register()
    let log = try UnreadPipe(at: agent.folder.path("log"))
    let agentd = try TestProcess(
      ["/bin/sh", "-c", "exec bin/jams-agentd -F 2>log"], environment: agent.environment, directory: agent.folder.path)
    try await wait(for: "agentd to serve") { (try? await agent.request("GET", "agent").status) == 200 }

    // The listener logs refusals, at most ten a minute; the supervisor logs the results of requests.
    for number in 1...4 {
      await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: .nothing) }
      #expect(try await agent.finish("job-\(number)", ["/bin/echo", "it ran"]).output == "it ran\n")
    }
    #expect(log.drain() == log.filling, "nothing had room")

    await #expect(throws: HarnessError.self) { try await agent.request("GET", "agent", as: .nothing) }
    try agentd.handle.send(SIGUSR1)
    let processes = [agentd.handle.processID] + (try ProcessTable.children(of: agentd.handle.processID))
    var text = ""
    try await wait(for: "the losses of supervisor and listener") {
      text += log.drain()
      return processes.count {
        text.contains("log lines were lost: the reader had stopped, or the disk was full pid=\($0)\n")
      } >= 2
    }
    #expect(text.contains(" summary ") && text.contains("connection refused"), "\(text)")
  }
}

/// A full FIFO that this process holds open for reading.
private final class UnreadPipe {
  let filling: String
  private let descriptor: FileDescriptor

  init(at path: String) throws {
    try checked("mkfifo", path) { mkfifo(path, 0o600) }
    descriptor = try FileDescriptor.open(path, O_RDWR | O_NONBLOCK)
    var written = 0
    while write(descriptor.raw, "\n", 1) == 1 { written += 1 }
    filling = String(repeating: "\n", count: written)
  }

  /// Reads everything in it.
  func drain() -> String {
    var (text, chunk): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 65536))
    while case let count = read(descriptor.raw, &chunk, chunk.count), count > 0 { text += chunk[..<count] }
    return String(decoding: text, as: UTF8.self)
  }
}
