// Goal: a standby scheduler renews certificates that the first one has issued and not revoked, as far as it can know: while a valid
// revocation list from the first one is imported. Without a list, with an expired one, or for other than agents' certificates, it does not.
import SystemCalls
import TestSupport
import Testing

@Suite struct RenewalAtTheStandby {
  private let first: ServedEnrolment
  private let standby: ServedEnrolment

  /// An agent has a certificate from the first scheduler, and asks the standby.
  init() async throws {
    first = try await ServedEnrolment()
    standby = try await ServedEnrolment(of: try await first.scheduler.standby())
    try await first.request("own")
    try await first.save(try await first.enrol("own", code: try await first.code()), as: "own.pem")
    for file in ["own.pem", "own.key"] {
      try standby.scheduler.folder.write(file, try first.scheduler.folder.read(file))
    }
    try await standby.request("next")
  }

  @Test func whileItsListIsInForce() async throws {
    try await expectRefusal("another scheduler issued it, and may have revoked it: import")
    try await exchangeList()
    let renewed = try await standby.renew("next", with: "own.pem", key: "own.key")
    #expect(renewed.status == 200, "\(renewed.body)")
    try await standby.save(renewed, as: "renewed.pem")
    try await standby.openssl(
      ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "root.pem", "-verify_hostname", "AGENT01"]
        + ["renewed.pem"])

    let thumbprint = try await first.openssl(["x509", "-in", "own.pem", "-noout", "-fingerprint", "-sha256"])
      .split(separator: "=")[1].filter(\.isHexDigit)
    try await first.scheduler.succeed("REVOKE CERT /THUMBPRINT=\(thumbprint)")
    try await exchangeList()
    try await expectRefusal("it was revoked")
  }

  @Test func notBehindAListThatIsOverdue() async throws {
    try await exchangeList()
    let record = try standby.scheduler.folder.read("home/registry.json")
    let overdue = record.replacing(#/("imported_crls_due" : \{\s+"[0-9a-f]{64}" : ")[^"]+/#) {
      "\($0.1)2026-01-31T00:00:00Z"
    }
    #expect(overdue != record)
    try standby.scheduler.folder.write("home/registry.json", overdue, mode: 0o600)
    try await expectRefusal("whose list expired on 2026-01-31: import a newer one with IMPORT CRL")
    try await exchangeList()
    #expect(try await standby.renew("next", with: "own.pem", key: "own.key").status == 200)
  }

  @Test func notForAConnector() async throws {
    try await exchangeList()
    let store = first.scheduler.folder.path("home/store/current")
    let connector = try #require(try Folder.names(in: "\(store)/certificates").first)
    let refused = try await standby.renew(
      "next", with: "\(store)/certificates/\(connector)", key: "\(store)/keys/\(connector)")
    #expect(refused.status == 0 && refused.body.contains("alert"), "\(refused.body)")
    try await standby.logLine("refused", "it is not an agent's certificate")
  }

  /// Transfers the first scheduler's revocations to the standby.
  private func exchangeList() async throws {
    try await first.scheduler.succeed("EXPORT CRL /FILENAME=crl.pem")
    try await standby.scheduler.succeed("IMPORT CRL /FILENAME=\(first.scheduler.folder.path("crl.pem"))")
  }

  private func expectRefusal(_ words: String) async throws {
    let refused = try await standby.renew("next", with: "own.pem", key: "own.key")
    #expect(refused.status == 0 && refused.body.contains("alert"), "\(refused.body)")
    try await standby.logLine("refused", words)
  }
}
