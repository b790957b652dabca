// Goal: issued certificates satisfy other software: openssl verify with all checks of RFC 5280, for every kind of key, in its role only.
import CertificateAuthority
import Glibc
import OpenSSL
import TestCertificates
import TestSupport
import Testing

@Suite struct IssuedCertificatesPassStrictCheck {
  static let now = Int64(time(nil))
  static let lifetime = Lifetime(days: 30, now: now)

  @Test(arguments: KeyKind.allCases)
  func everyKind(_ kind: KeyKind) async throws {
    let authority = try CertificateAuthority.create(kind, for: Self.lifetime)
    let key = PublicKey(of: try PrivateKey.generate(kind))
    let connector = try authority.issueConnector(named: "Executor Connector", for: key, Self.lifetime)
    let names: [AlternativeName] = [.dns("agent01.example.com"), .address("192.0.2.7"), .address("2001:db8::7")]
    let listener = try authority.issueListener(agentName: "AGENT01", names: names, for: key, Self.lifetime)

    #expect(try await verdict(on: connector, of: authority, "sslclient") == "OK")
    #expect(try await verdict(on: listener, of: authority, "sslserver") == "OK")
    #expect(try await verdict(on: listener, of: authority, "sslserver", "-verify_hostname", "AGENT01") == "OK")
    #expect(try await verdict(on: listener, of: authority, "sslserver", "-verify_ip", "2001:db8::7") == "OK")
    #expect(try await verdict(on: connector, of: authority, "sslserver") == "unsuitable certificate purpose")
    #expect(try await verdict(on: listener, of: authority, "sslclient") == "unsuitable certificate purpose")
    #expect(
      try await verdict(on: listener, of: authority, "sslserver", "-verify_hostname", "AGENT02") == "hostname mismatch")
  }

  @Test func serialNumbersDiffer() throws {
    let authority = try CertificateAuthority.create(for: Self.lifetime)
    let key = PublicKey(of: try PrivateKey.generate(.p256))
    let serials = try (0..<50).map { _ in
      try authority.issueConnector(named: "C", for: key, Self.lifetime).serialNumber
    }
    #expect(Set(serials).count == 50)
    // RFC 5280 section 4.1.2.2: positive, at most 20 octets.
    #expect(serials.allSatisfy { !$0.hasPrefix("-") && $0.count == 32 })
  }

  @Test func nothingOutlivesItsRoot() throws {
    let authority = try CertificateAuthority.create(for: Self.lifetime)
    let key = PublicKey(of: try PrivateKey.generate(.p256))
    let long = try authority.issueConnector(named: "C", for: key, Lifetime(days: 825, now: Self.now))
    #expect(long.notAfter == authority.certificate.notAfter)
    #expect(throws: AuthorityError.expired(subject: authority.certificate.subject)) {
      try authority.issueConnector(named: "C", for: key, Lifetime(days: 825, now: Self.now + 31 * 86400))
    }
  }

  @Test(arguments: ["", String(repeating: "x", count: 65), "a\nb", "a\u{0}b"])
  func namesThatNoCertificateHas(_ name: String) throws {
    let authority = try CertificateAuthority.create(for: Self.lifetime)
    let key = PublicKey(of: try PrivateKey.generate(.p256))
    #expect(throws: AuthorityError.self) { try authority.issueConnector(named: name, for: key, Self.lifetime) }
  }

  @Test func aFleetIsNotRenewedInOneHour() {
    let ends = Set((0..<100).map { _ in Lifetime(days: 825, now: Self.now, spread: true).notAfter / 86400 })
    #expect(ends.count > 20)
    #expect(ends.allSatisfy { (742...825).contains($0 - Self.now / 86400) })
  }

  /// The verdict of openssl verify, without the text before it.
  private func verdict(
    on certificate: Certificate, of authority: CertificateAuthority, _ purpose: String, _ further: String...
  ) async throws -> String {
    let folder = try TemporaryFolder()
    let root = try folder.write("root.pem", authority.certificate.pem)
    let leaf = try folder.write("leaf.pem", certificate.pem)
    let command = ["openssl", "verify", "-x509_strict", "-check_ss_sig", "-CAfile", root, "-purpose", purpose]
    let result = try await TestProcess(command + further + [leaf]).end()
    if result.end == .exited(0) { return "OK" }
    let line = result.errorText.split(separator: "\n").first { $0.hasPrefix("error ") } ?? ""
    return line.split(separator: ":", maxSplits: 1).last.map { $0.drop { $0 == " " }.description } ?? result.errorText
  }
}
