import AgentProtocol
import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing

@testable import Listener

/// The end of a listener: told to drain, abandoned by its supervisor, or sent nonsense.
struct Ends {
  @Test func drainFinishesWhatRunsAndExits() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("output", "begun\n")
    let listener = try RunningListener { _, _, command in
      switch command {
      case .showJob(_, wait: 0): return (try? .sample("j1", .running)).map { (.job($0, created: false), []) }
      case .openOutput:
        guard let file = try? FileDescriptor.open(path, O_RDONLY), let job = try? JobStatus.sample() else { return nil }
        return (.output(job, watch: nil), [file])
      default: return nil
      }
    }
    _ = try await listener.ready()
    let waiting = try TestProcess(RunningListener.curl() + ["\(listener.url)/v1/jobs/j1?wait=60"])
    let following = try TestProcess(RunningListener.curl() + ["-N", "\(listener.url)/v1/jobs/j1/output?follow"])
    let cancelling = try TestProcess(RunningListener.curl() + ["-X", "POST", "\(listener.url)/v1/jobs/j1/cancel"])
    let idle = try TestProcess(listener.openssl("-quiet"), input: nil)
    try idle.write(Connection.agent)
    try await wait(for: "four clients") {
      listener.supervisor.requests.count == 4 && following.outputText == "begun\n" && idle.outputText.contains("200 OK")
    }
    try listener.supervisor.send(.drain(nil))
    let waited = try await waiting.end()
    #expect(waited.outputText.contains(#""state":"running""#), "\(waited.errorText)")
    #expect(try await following.end().end == .exited(18), "CURLE_PARTIAL_FILE: a part is not taken for the whole")
    _ = try await idle.end()
    let cancel = try #require(listener.supervisor.requests.first { $0.command == .cancelJob(RequestTable.id("j1")) })
    try listener.supervisor.answer(cancel.number, .job(try .sample("j1", .cancelled), created: false))
    #expect(try await cancelling.end().outputText.contains(#""state":"cancelled""#))
    #expect(try await listener.exitCode() == 0)
  }

  @Test func drainDoesNotWaitForever() async throws {
    var limits = ConnectionLimits()
    limits.drainTime = .milliseconds(500)
    let listener = try RunningListener(connectionLimits: limits)
    _ = try await listener.ready()
    let client = try TestProcess(RunningListener.curl() + ["-X", "POST", "\(listener.url)/v1/jobs/j1/cancel"])
    try await wait(for: "the request") { listener.supervisor.requests.count == 1 }
    try listener.supervisor.send(.drain(nil))
    #expect(try await listener.exitCode() == 0)
    #expect(try await client.end().end != .exited(0))
  }

  /// Connections that arrive while the listener exits are answered by it or left in the queue for the next one: the socket is shared, and
  /// nobody is refused.
  @Test func theNextListenerTakesOverWithoutARefusedConnection() async throws {
    let old = try RunningListener()
    _ = try await old.ready()
    let load = try TestProcess([
      "sh", "-c",
      "for i in $(seq 40); do \(try RunningListener.curl().map { "'\($0)'" }.joined(separator: " ")) -o /dev/null -w '%{http_code} ' \(old.url)/v1/agent || echo failed; done",
    ])
    try await wait(for: "the load to begin") { load.outputText.contains("200") }
    let new = try RunningListener(socket: old.socket, port: old.port, change: { $0.agentName = "new" })
    _ = try await new.ready()
    try old.supervisor.send(.drain(nil))
    #expect(try await old.exitCode() == 0)
    let result = try await load.end()
    #expect(
      result.outputText.split(separator: " ").filter { $0 == "200" }.count == 40,
      "\(result.outputText)\(result.errorText)")
    #expect(try await new.curl("\(new.url)/v1/agent").outputText.contains(#""name":"new""#))
  }

  /// When a port is given up, clients in its queue are still served.
  @Test func whoCameBeforeItLeavesIsServed() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    try listener.supervisor.send(.drain(nil, acceptingFor: 5))
    let answer = try await listener.curl("\(listener.url)/v1/agent")
    #expect(answer.outputText.contains(#""name":"agent-1""#), "\(answer.errorText)")
    #expect(try await listener.exitCode() == 0)
  }

  @Test func withoutSupervisorItFinishesAndExits() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let client = try TestProcess(RunningListener.curl() + ["-D", "-", "\(listener.url)/v1/jobs/j1?wait=60"])
    try await wait(for: "the request") { listener.supervisor.requests.count == 1 }
    listener.supervisor.hangUp()
    let answer = try await client.end().outputText
    #expect(answer.hasPrefix("HTTP/1.1 503 "))
    #expect(answer.contains("Retry-After: 1\r\n"))
    #expect(try await listener.exitCode() == 0)
  }

  @Test func aSecondConfigurationIsAgainstTheContract() async throws {
    let listener = try RunningListener()
    _ = try await listener.ready()
    let material = ListenerMaterial(
      agentName: "", version: "", certificate: .unknown,
      trust: ClientTrust(certificates: [], roots: [], revocationLists: []), addresses: [],
      capacity: Capacity(maxRunning: 0, maxQueued: 0, running: 0, queued: 0), checkOnly: false)
    try listener.supervisor.send(.configure(material))
    #expect(try await listener.exitCode() == EX_PROTOCOL)
    #expect(listener.log.lines.contains { $0.contains("a second configuration that is not expected") })
  }
}
