// Goal: with log_format = "json" every line of the log is an object, from supervisor and listener, and also after a reload; the audit log
// can be a separate file that is renamed while agentd runs.
import FoundationEssentials
import Glibc
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct LogsForPrograms {
  @Test func objectsAndAFileOfDecisions() async throws {
    let folder = try TemporaryFolder()
    let audit = folder.path("audit.log")
    let agent = try await Installation.running(
      configuration: (isRoot ? "" : "[process]\n") + "log_format = \"json\"\naudit_log = \"\(audit)\"\n")
    _ = try await agent.finish("j1", ["/bin/true"])
    let stranger = Presented(try PKI.shared.client("stranger", by: PKI.shared.root("Other Root CA")))
    _ = try await TestProcess(
      ["curl"] + agent.curlArguments(as: stranger) + ["https://localhost:\(agent.port)/v1/agent"],
      environment: agent.environment
    ).end()
    try await agent.logLine(with: "connection refused")
    try checked("rename") { rename(audit, audit + ".1") }
    _ = try await agent.finish("j2", ["/bin/true"])
    let logged = agent.log.utf8.count
    try agent.signal(SIGHUP)
    try await agent.logLine(with: "reload complete", after: logged)

    for (name, job) in [("audit.log.1", "j1"), ("audit.log", "j2")] {
      let decisions = try objects(folder.read(name))
      #expect(decisions.first?["message"] == "submitJob" && decisions.first?["job"] == job, "\(name)")
    }
    let events = try objects(agent.log)
    #expect(events.contains { $0["message"] == "agentd serves" && $0["level"] == "notice" && $0["time"] != nil })
    #expect(events.contains { $0["message"] == "connection refused" && $0["peer"] != nil })
    #expect(!events.contains { $0["message"] == "submitJob" })
  }

  private func objects(_ text: String) throws -> [[String: String]] {
    try text.split(separator: "\n").map { line in
      try JSONDecoder().decode([String: Value].self, from: Data(line.utf8)).mapValues(\.text)
    }
  }

  /// A JSON string or number.
  private struct Value: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      text = try (try? container.decode(String.self)) ?? "\(container.decode(Double.self))"
    }
  }
}
