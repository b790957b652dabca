// The vulnerability: CVE-2026-61550 of Icinga 2. A message that updates certificates was accepted from a peer that had presented none.
// The promise: there is no such message. No method on any path, from any client, changes the store, the listener's configuration or
// agentd.toml.
import TestCertificates
import TestSupport
import Testing

@Suite struct C5_TheStoreCannotBeWrittenOverTheNetwork {
  private static let methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "MKCOL", "MOVE", "TRACE"]
  /// The existing paths, and those on which other agents receive certificates.
  private static let paths = [
    "agent", "jobs", "jobs/j", "jobs/j/output", "jobs/j/cancel", "events", "agent/certificate", "certificates",
    "certificate", "store", "roots", "ca", "crl", "csr", "enroll", "register", "renew", "config", "reload", "listener",
    "..%2fstore", "jobs/..%2f..%2fstore", "jobs/%2e%2e/store", "pki/UpdateCertificate", "pki::UpdateCertificate",
  ]

  @Test(arguments: [true, false]) func nothingChangesIt(isProven: Bool) async throws {
    let agent = try await Installation.running()
    let before = try image(of: agent)
    let other = try PKI.shared.root("Smuggled Root")
    for method in Self.methods {
      // Reading the events never ends.
      let paths = Self.paths.filter { method != "GET" || $0 != "events" }
      let bodies: [[String]] =
        method == "HEAD" || method == "GET"
        ? [[]]
        : [["--header", "Content-Type: application/x-pem-file", "--data-binary", "@\(other.certificatePath)"], []]
      for body in bodies {
        let result = try await TestProcess(
          ["curl"] + agent.curlArguments(as: isProven ? nil : .nothing) + ["--http1.1", "--path-as-is"]
            + (method == "HEAD" ? ["--head"] : ["--request", method]) + body
            + ["--write-out", "%{stderr}%{http_code}\n"]
            + paths.flatMap { ["--output", "/dev/null", "\(agent.url)/\($0)"] }, environment: agent.environment
        ).end()
        let codes = result.errorText.split(separator: "\n").compactMap { Int($0) }
        #expect(codes.count == paths.count, "\(method): \(result.errorText)")
        #expect(
          Set(codes).isSubset(of: isProven ? [200, 400, 404, 405, 409, 411, 415, 501] : [0]), "\(method): \(codes)")
      }
    }
    #expect(try image(of: agent) == before)
    #expect(try await agent.request("GET", "agent").status == 200)
    await #expect(throws: HarnessError.self) {
      try await agent.request("GET", "agent", as: Presented(try PKI.shared.client("Smuggled", by: other)))
    }
  }

  private func image(of agent: Installation) throws -> FolderImage {
    try FolderImage(of: agent.folder.path, only: ["store", "listener.toml", "agentd.toml"])
  }
}
