// The vulnerability: CVE-2025-49825 of Teleport. A client admitted once was not checked again on the channels it opened later.
// The promise: a connection whose client is no longer admitted gets no further answer, neither to the next request nor on another stream,
// whatever it asks for.
import TestCertificates
import TestSupport
import Testing

@Suite struct C17_WhoIsOutGetsNoFurtherAnswer {
  @Test(arguments: ["--http1.1", "--http2"], ["agent", "jobs", "jobs/none"])
  func nothingIsAnsweredOnAConnectionOfBefore(http: String, path: String) async throws {
    let root = try SchedulerCertificates.make().root
    let leaver = try PKI.shared.client("Leaver", by: root)
    let agent = try await Installation.running()
    let client = try TestProcess(
      ["curl"] + agent.curlArguments(as: Presented(leaver)) + [http, "--output", "/dev/null", "--rate", "50/s"]
        + ["--write-out", "%{stderr}%{http_code} %{num_connects}\\n", "\(agent.url)/\(path)#[1-100000]"],
      environment: agent.environment)
    // On the same connection as the first.
    try await wait(for: "answers") { client.answers.count { $0 == "200 0" || $0 == "404 0" } > 3 }
    let logged = agent.log.utf8.count
    try await agent.configure("-I", try PKI.shared.revocationList(by: root, revoking: [leaver]))
    try await agent.logLine(with: "connection closed: its client is no longer let in", after: logged)
    // After the first failure, there are only failures.
    try await wait(for: "refusals") { client.answers.count { $0.hasPrefix("000") } > 10 }
    try client.handle.send(15)
    let answers = client.answers
    let first = try #require(answers.firstIndex { $0.hasPrefix("000") })
    #expect(answers[first...].allSatisfy { $0.hasPrefix("000") }, "\(answers[first...].prefix(20))")
    #expect(try await agent.request("GET", "agent").status == 200)
  }
}

extension TestProcess {
  /// The status and the number of new connections of each request.
  fileprivate var answers: [Substring] {
    errorText.split(separator: "\n").filter { $0.first?.isNumber ?? false }
  }
}
