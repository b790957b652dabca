import ClientVerification
import NIOCore
import NIOOpenSSL
import OpenSSL
import TestCertificates
import TestSupport
import Testing

/// Each client that may not connect is refused in the handshake, with the appropriate alert and a reason for the log; the application
/// behind the gate does not see a byte from it.
@Suite struct RefusedClients {
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let credential: @Sendable (GateMaterial) throws -> Credential?
    /// The alert that s_client receives.
    let alert: String
    /// The logged reason.
    let reason: String
    var testDescription: String { name }
  }

  static let rows = [
    Row(name: "no certificate", credential: { _ in nil }, alert: "alert", reason: "presented no certificate"),
    Row(
      name: "self-signed", credential: { _ in try PKI.shared.issue(CertificateRecipe("/CN=client", .client), by: nil) },
      alert: "alert unknown ca", reason: "is self-signed"),
    Row(
      name: "other root", credential: { _ in try PKI.shared.client("client", by: PKI.shared.root("Stranger")) },
      alert: "alert unknown ca", reason: "CN=Stranger is neither imported"),
    Row(
      name: "expired",
      credential: {
        try PKI.shared.issue(
          CertificateRecipe("/CN=client", .client).with {
            $0.notBefore = -864_000
            $0.notAfter = -259_201
          }, by: $0.root)
      }, alert: "alert certificate expired", reason: "expired 3 days ago"),
    Row(
      name: "the listener's own", credential: { $0.server }, alert: "alert unsupported certificate",
      reason: "is not for clients"),
  ]

  @Test(arguments: rows, RealClients.versions)
  func isRefused(_ row: Row, _ version: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    let output = try await SClient(gate, material, row.credential(material), [version])
      .run(sending: "GET / HTTP/1.0\n\n", until: "zzz")
    #expect(output.contains(row.alert), "\(output)")
    try await wait(for: "the end of the connection") { gate.all.first?.isOver == true }
    let seen = gate.all[0]
    #expect(seen.text.isEmpty)
    #expect(seen.handshake == nil)
    #expect(seen.failures.count == 1)
    #expect("\(seen.failures[0])".contains(row.reason), "\(seen.failures)")
    try await gate.close()
  }
}
