// The promise: a scheduler that offers HTTP/2 is served over HTTP/2, by the same rules as over HTTP/1.1; others are served over HTTP/1.1.
import Glibc
import TestSupport
import Testing

@Suite struct HTTP2IsSpokenToo {
  @Test(arguments: [("--http2", "2"), ("--http1.1", "1.1"), ("--no-alpn", "1.1")], TLSVersion.allCases)
  func theClientChooses(_ choice: (option: String, version: String), _ version: TLSVersion) async throws {
    let agent = try await Installation.running()
    let tls = ["--tlsv1.\(version.minor)", "--tls-max", "1.\(version.minor)", choice.option]
    let result = try await curl(agent, tls + ["--write-out", " %{http_version}", "\(agent.url)/agent"])
    #expect(result.outputText.hasSuffix("} \(choice.version)") || result.outputText.hasSuffix("}\n \(choice.version)"))
    let stranger = try await ClientProgram.curl.answer(from: agent, version, presenting: .nothing)
    #expect(stranger == "")
  }

  @Test func aWholeJob() async throws {
    let agent = try await Installation.running()
    let command = #"{"command": ["/bin/sh", "-c", "yes 0123456789abcde | head -c 8388608"]}"#
    let http2 = ["--http2"]
    #expect(try await agent.request("PUT", "jobs/large", body: command, curl: http2).status == 201)
    #expect(try await agent.request("GET", "jobs/large?wait=60", curl: http2).text.contains("succeeded"))
    let output = try await agent.request("GET", "jobs/large/output", curl: http2).body
    #expect(output.count == 8_388_608)
    #expect(output == Array(String(repeating: "0123456789abcde\n", count: 1 << 19).utf8))
    let part = try await agent.request("GET", "jobs/large/output", curl: http2 + ["--range", "16-31"])
    #expect(part.status == 206 && part.text == "0123456789abcde\n")
    #expect(try await agent.request("HEAD", "jobs/large/output", curl: http2 + ["--head"]).status == 200)
    #expect(try await agent.request("DELETE", "jobs/large", curl: http2).status == 204)
  }

  /// A thousand requests, fifty at a time, and a follower at the same time, on one connection.
  @Test func manyStreamsOnOneConnection() async throws {
    let agent = try await Installation.running()
    let gate = try agent.gate("gate")
    try await agent.submit("slow", ["/bin/sh", "-c", "echo begun; read line < gate; echo ended"], fields: gate)
    let urls = (0..<1000).map { _ in "url = \(agent.url)/agent\noutput = /dev/null\n" }.joined()
    let follow = "url = \(agent.url)/jobs/slow/output?follow=1\noutput = \(agent.folder.path("followed"))\n"
    let client = try TestProcess(
      ["curl"] + agent.curlArguments()
        + ["--http2", "--parallel", "--parallel-max", "50", "--no-progress-meter", "--no-buffer", "--config", "-"]
        + ["--write-out", "%{stderr}%{http_code} %{http_version} %{num_connects}\\n"],
      environment: agent.environment, input: Array((follow + urls).utf8))
    try await wait(for: "all but the follower") { client.errorText.split(separator: "\n").count >= 1000 }
    try await wait(for: "what the job has written") { try agent.folder.read("followed") == "begun\n" }
    try await agent.openGate("gate")
    let result = try await client.end()
    let lines = result.errorText.split(separator: "\n")
    #expect(lines.count == 1001 && lines.allSatisfy { $0.hasPrefix("200 2 ") }, "\(result.errorText)")
    // curl opens several connections at first, before it knows that one is enough.
    #expect(lines.count { $0.hasSuffix("1") } <= 50)
    #expect(try agent.folder.read("followed") == "begun\nended\n")
  }

  /// A reload closes the connection gracefully: earlier requests are answered, and the client reconnects.
  @Test func reloadEndsNoRequest() async throws {
    let agent = try await Installation.running()
    let gate = try agent.gate("gate")
    try await agent.submit("slow", ["/bin/sh", "-c", "read line < gate"], fields: gate)
    let waiting = try TestProcess(
      ["curl"] + agent.curlArguments() + ["--http2", "\(agent.url)/jobs/slow?wait=60"], environment: agent.environment)
    try await wait(for: "the client") { try agent.connections > 0 }
    let listener = try await agent.listenerID()
    try agent.signal(SIGHUP)
    try await wait(for: "another listener") { try await agent.listenerID() != listener }
    let result = try await waiting.end()
    #expect(result.end == .exited(0) && result.outputText.contains(#""state":"running""#), "\(result)")
    #expect(try await agent.request("GET", "agent", curl: ["--http2"]).status == 200)
    try await agent.openGate("gate")
  }

  private func curl(_ agent: Installation, _ arguments: [String]) async throws -> ProcessResult {
    try await TestProcess(["curl"] + agent.curlArguments() + arguments, environment: agent.environment).end()
  }
}
