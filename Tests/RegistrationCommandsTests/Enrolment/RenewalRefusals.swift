// Goal: a certificate is renewed only for its own agent: not a revoked one, not a connector's, not one with the same name from another CA
// or from the same CA elsewhere, not for other names (C5, C7, C14).
import SystemCalls
import TestSupport
import Testing

@Suite struct RenewalRefusals {
  @Test func refused() async throws {
    let enrolment = try await ServedEnrolment()
    let folder = enrolment.scheduler.folder
    try await enrolment.request("own")
    try await enrolment.save(
      try await enrolment.enrol("own", code: try await enrolment.code()), as: "own.pem")
    try await enrolment.request("next")

    let anonymous = try await enrolment.curl(
      "simplereenroll", "--header", "Content-Type: application/pkcs10", "--data-binary", "@next.b64")
    #expect(anonymous.status == 403)
    #expect(anonymous.body.contains("present the certificate to be renewed"), "\(anonymous.body)")

    try await enrolment.request("greedy", names: "DNS:AGENT01,DNS:AGENT02")
    let greedy = try await enrolment.renew("greedy", with: "own.pem", key: "own.key")
    #expect(greedy.status == 403)
    #expect(greedy.body.contains("asks for the name AGENT02"), "\(greedy.body)")

    // Another CA with the same name issues a certificate with the same name.
    let other = try await ServedEnrolment()
    try await other.request("own")
    try await other.save(try await other.enrol("own", code: try await other.code()), as: "own.pem")
    for file in ["own.pem", "own.key"] { try folder.write("other-\(file)", try other.scheduler.folder.read(file)) }
    let stranger = try await enrolment.renew("next", with: "other-own.pem", key: "other-own.key")
    #expect(stranger.status == 0 && stranger.body.contains("alert"), "\(stranger.body)")
    try await enrolment.logLine("refused", "was not issued by a root CA of this scheduler")

    let store = folder.path("home/store/current")
    let connector = try #require(try Folder.names(in: "\(store)/certificates").first)
    let asConnector = try await enrolment.renew(
      "next", with: "\(store)/certificates/\(connector)", key: "\(store)/keys/\(connector)")
    #expect(
      asConnector.status == 403 && asConnector.body.contains("it is not an agent's certificate"), "\(asConnector.body)")

    // Someone else's certificate cannot be used with one's own key.
    let stolen = try await enrolment.renew("next", with: "own.pem", key: "next.key")
    #expect(stolen.status == 0)

    #expect(try await enrolment.renew("next", with: "own.pem", key: "own.key").status == 200)
    let thumbprint = try await enrolment.openssl(["x509", "-in", "own.pem", "-noout", "-fingerprint", "-sha256"])
      .split(separator: "=")[1].filter(\.isHexDigit)
    try await enrolment.scheduler.succeed("REVOKE CERT /THUMBPRINT=\(thumbprint)")
    let revoked = try await enrolment.renew("next", with: "own.pem", key: "own.key")
    #expect(revoked.status == 0 && revoked.body.contains("revoked"), "\(revoked.body)")
    try await enrolment.logLine("refused", "it was revoked")
  }
}
