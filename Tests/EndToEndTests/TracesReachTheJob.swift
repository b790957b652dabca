// Goal: a job belongs to the trace of its submission: it has W3C Trace Context in its environment, and its status shows it.
import Glibc
import TestSupport
import Testing

@Suite struct TracesReachTheJob {
  private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  private static let print = #"echo "$TRACEPARENT|$TRACESTATE""#

  private func submit(_ agent: Installation, _ id: String, _ headers: [String], _ body: String) async throws -> String {
    let sent = try await TestProcess(
      ["curl"] + agent.curlArguments(as: agent.certificates.connector) + headers.flatMap { ["-H", $0] }
        + ["-X", "PUT", "-d", body, "\(agent.url)/jobs/\(id)"], environment: agent.environment
    ).end()
    return sent.outputText
  }

  @Test func aHeaderBecomesTheEnvironment() async throws {
    let agent = try await Installation.running()
    let body = #"{"command":["/bin/sh","-c","echo \"$TRACEPARENT|$TRACESTATE\""]}"#
    let traced = ["traceparent: \(Self.parent)", "tracestate: a=1", "tracestate: b=2"]
    for (id, headers, expected) in [
      ("traced", traced, "\(Self.parent)|a=1,b=2"), ("alone", [traced[0]], "\(Self.parent)|"),
      ("wrong", ["traceparent: 00-x", traced[1]], "|"), ("none", [], "|"),
      ("halfwrong", [traced[0], "tracestate: A=1"], "\(Self.parent)|"),
    ] {
      #expect(try await submit(agent, id, headers, body).contains(#""id":"\#(id)""#))
      _ = try await agent.job(id, wait: 60)
      let logs = try await TestProcess(agent.agentctl("logs", id), environment: agent.environment).end()
      #expect(logs.outputText == expected + "\n", "\(id)")
    }
    let status = try await agent.job("traced")
    #expect(status.traceparent == Self.parent && status.tracestate == "a=1,b=2")
    #expect(try await agent.job("none").traceparent == nil)
    // The same job in another trace is the same job.
    let again = try await submit(agent, "traced", [], body)
    #expect(again.contains(#""state":"succeeded""#) && again.contains(#""traceparent":"\#(Self.parent)""#))
    // The request's own variable comes first.
    let own = #"{"command":["/bin/sh","-c","echo $TRACEPARENT"],"environment":{"TRACEPARENT":"own"}}"#
    _ = try await submit(agent, "own", [traced[0]], own)
    _ = try await agent.job("own", wait: 60)
    let logs = try await TestProcess(agent.agentctl("logs", "own"), environment: agent.environment).end()
    #expect(logs.outputText == "own\n")
  }

  @Test func agentctlPassesOnItsOwn() async throws {
    let agent = try await Installation.running()
    let run = try await TestProcess(
      agent.agentctl("run", "--id", "t", "--", "/bin/sh", "-c", Self.print),
      environment: agent.environment.merging(["TRACEPARENT": Self.parent, "TRACESTATE": "a=1"]) { $1 }
    ).end()
    #expect(run.outputText == "\(Self.parent)|a=1\n" && run.end == .exited(0))
    let shown = try await TestProcess(agent.agentctl("show", "t"), environment: agent.environment).end()
    #expect(shown.outputText.contains("trace        \(Self.parent)\ntrace state  a=1\n"), "\(shown.outputText)")
  }
}
