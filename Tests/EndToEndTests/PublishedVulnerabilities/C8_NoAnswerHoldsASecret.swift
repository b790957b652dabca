// The vulnerability: CVE-2021-32739 of Icinga 2. Whoever could read the configuration over the network could read the salt with which
// certificates are granted.
// The promise: nothing that can be read over the network contains a key or a password, and neither does the log; a job cannot open the
// files that do.
import TestSupport
import Testing

@Suite struct C8_NoAnswerHoldsASecret {
  @Test func whatIsReadOrLogged() async throws {
    let agent = try await Installation.running()
    try await agent.submit("job", ["/bin/echo", "done"], fields: #""directory": "/""#)
    _ = try await agent.job("job", wait: 30)
    var texts = ["the log": agent.log]
    for path in ["agent", "jobs", "jobs/job", "jobs/job/output", "metrics", "store", "config"] {
      texts[path] = try await agent.request("GET", path).text
    }
    texts["events"] = try await events(of: agent)
    let secrets =
      try key(of: agent) + [SchedulerCertificates.password, "PRIVATE KEY", agent.folder.path("store"), "keys/"]
    for (name, text) in texts {
      for secret in secrets { #expect(!text.contains(secret), "\(name): \(secret)") }
    }
  }

  @Test(
    .enabled(if: isRoot, "without root a job runs as the user who runs agentd"),
    arguments: ["store", "state/ledger.sqlite", "state/jobs", "state/jobs/job", "agentd.log", "agentcert.pem"])
  func aJobCannotOpen(path: String) async throws {
    let agent = try await Installation.running()
    // Even if the folder above would allow access.
    _ = try agent.gate("unused")
    let file = agent.folder.path(path)
    if path == "agentd.log" { try agent.folder.write("agentd.log", agent.log, mode: 0o600) }
    let result = try await agent.finish(
      "job",
      ["/bin/sh", "-c", "test -e \(file) -o ! -x \(agent.folder.path("state")); head -c1 \(file) && ls \(file)"],
      fields: #""directory": "/""#)
    #expect(result.status.state == .failed)
    #expect(result.output.contains("Permission denied"), "\(result.output)")
  }

  /// Returns the event stream during a job's whole life; then closes the connection, because the stream is endless.
  private func events(of agent: Installation) async throws -> String {
    let stream = try TestProcess(
      ["curl", "--no-buffer"] + agent.curlArguments() + ["\(agent.url)/events"], environment: agent.environment)
    try await wait(for: "the beginning of the events") { !stream.outputText.isEmpty }
    try await agent.submit("watched", ["/bin/true"], fields: #""directory": "/""#)
    return try await wait(for: "the job's end among the events") {
      let text = stream.outputText
      return text.contains("succeeded") ? text : nil
    }
  }

  /// Returns the lines of the private key in PEM.
  private func key(of agent: Installation) throws -> [String] {
    try agent.certificates.listener.keyPEM.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("-----") }
  }
}
