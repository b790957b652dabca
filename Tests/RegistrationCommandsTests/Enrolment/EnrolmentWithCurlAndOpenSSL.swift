// Goal: the enrolment service is a standard EST server (RFC 7030): curl and openssl alone get the CA's certificate, a certificate for a
// code, and a renewal of that one.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct EnrolmentWithCurlAndOpenSSL {
  @Test func theWholeFlow() async throws {
    let enrolment = try await ServedEnrolment()
    let authorities = try await enrolment.curl("cacerts")
    #expect(authorities.status == 200)
    try await enrolment.save(authorities, as: "ca.pem")
    let (given, known) = (try await fingerprint("ca.pem", enrolment), try await fingerprint("root.pem", enrolment))
    #expect(given == known)

    let code = try await enrolment.code("/AGENTNAME=AGENT01 /SAN=agent01.example.com,192.0.2.7")
    #expect(given.filter(\.isHexDigit).lowercased().contains(code.split(separator: ".")[1]))
    try await enrolment.request("first", names: "DNS:agent01.example.com")
    let first = try await enrolment.enrol("first", code: code)
    #expect(first.status == 200, "\(first.body)")
    try await enrolment.save(first, as: "first.pem")
    for name in ["AGENT01", "agent01.example.com"] {
      try await verify("first.pem", "-verify_hostname", name, enrolment)
    }
    try await verify("first.pem", "-verify_ip", "192.0.2.7", enrolment)

    // With another key: the old one authenticates, and is not used any longer.
    try await enrolment.request("second", names: "DNS:AGENT01,DNS:agent01.example.com,IP:192.0.2.7")
    let second = try await enrolment.renew("second", with: "first.pem", key: "first.key")
    #expect(second.status == 200, "\(second.body)")
    try await enrolment.save(second, as: "second.pem")
    try await verify("second.pem", "-verify_ip", "192.0.2.7", enrolment)
    #expect(try await serial("second.pem", enrolment) != serial("first.pem", enrolment))

    try await enrolment.logLine("certificate issued for a code", "agent=AGENT01", "thumbprint=")
    try await enrolment.logLine("certificate renewed", "agent=AGENT01", "client=\"CN=AGENT01\"")
    #expect(!enrolment.log.contains(code.prefix(23)))
    #expect(try await enrolment.end(SIGTERM) == .exited(0))
  }

  @Test func theAnswerThatWasLostIsGivenAgainForTheSameKeyAlone() async throws {
    let enrolment = try await ServedEnrolment()
    let code = try await enrolment.code()
    try await enrolment.request("own")
    #expect(try await enrolment.enrol("own", code: code).status == 200)
    #expect(try await enrolment.enrol("own", code: code.lowercased().filter { $0 != "-" }, user: "").status == 200)
    try await enrolment.request("thief")
    let refused = try await enrolment.enrol("thief", code: code)
    #expect(refused.status == 401)
    #expect(refused.body.contains("the enrolment code was used at"), "\(refused.body)")
  }

  @Test func codesAreKeptAsDigestsAndRecordsOfBeforeAreRead() async throws {
    let scheduler = try await ScratchScheduler.ready()
    let before = try scheduler.folder.read("home/registry.json")
    let answer = try await scheduler.succeed("CREATE ENROLMENT CODE /AGENTNAME=AGENT01")
    let code = try #require(answer.thumbprint(after: "  code"))
    let record = try scheduler.folder.read("home/registry.json")
    #expect(record.contains("\"secret_sha256\""))
    for part in code.prefix(23).split(separator: "-") { #expect(!record.uppercased().contains(part)) }
    // The registry of an earlier version has no codes.
    let earlier = before.replacing(#/  "enrolment_codes" : \[\s*\],\n/#, with: "")
    #expect(!earlier.contains("enrolment"))
    try scheduler.folder.write("home/registry.json", earlier, mode: 0o600)
    try await scheduler.succeed("LIST EXEC CONFIG")
  }

  private func fingerprint(_ file: String, _ enrolment: ServedEnrolment) async throws -> String {
    try await enrolment.openssl(["x509", "-in", file, "-noout", "-fingerprint", "-sha256"])
  }

  private func serial(_ file: String, _ enrolment: ServedEnrolment) async throws -> String {
    try await enrolment.openssl(["x509", "-in", file, "-noout", "-serial"])
  }

  private func verify(_ file: String, _ what: String, _ name: String, _ enrolment: ServedEnrolment) async throws {
    try await enrolment.openssl(
      ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "root.pem", what, name, file])
  }
}
