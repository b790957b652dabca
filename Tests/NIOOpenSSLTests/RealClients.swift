import ClientVerification
import NIOCore
import NIOOpenSSL
import OpenSSL
import TestCertificates
import TestSupport
import Testing

/// Real `openssl s_client` with both protocol versions and all kinds of keys gets an answer, and nobody else does.
@Suite struct RealClients {
  static let versions = ["-tls1_2", "-tls1_3"]
  static let keys: [CertificateRecipe.Key] = [.p256, .p384, .p521, .ed25519, .rsa2048, .rsaPSS]

  @Test(arguments: versions, keys)
  func goodClientIsAnswered(_ version: String, _ key: CertificateRecipe.Key) async throws {
    let material = try GateMaterial(serverKey: key, clientKey: key)
    let gate = try await Gate(material.serverContext())
    let output = try await SClient(gate, material, material.client, [version])
      .run(sending: "hello gate\n", until: "HELLO GATE")
    #expect(output.contains("HELLO GATE"), "\(output)")
    #expect(output.contains("Verify return code: 0 (ok)"), "\(output)")
    try await wait(for: "the end of the connection") { gate.all.first?.isOver == true }
    let seen = gate.all[0]
    #expect(seen.text == "hello gate\n")
    #expect(seen.failures.isEmpty)
    #expect(seen.otherErrors.isEmpty)
    let handshake = try #require(seen.handshake)
    #expect(handshake.clientCertificate.subject == "CN=client")
    #expect(handshake.version == (version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3"))
    #expect(handshake.applicationProtocol == nil)
    try await gate.close()
  }

  @Test(arguments: versions)
  func applicationProtocolIsAgreed(_ version: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext { $0.applicationProtocols = ["h2", "http/1.1"] })
    let output = try await SClient(gate, material, material.client, [version, "-alpn", "foo,http/1.1,h2"])
      .run(sending: "x\n", until: "X\n")
    #expect(output.contains("ALPN protocol: h2"), "\(output)")
    #expect(gate.all[0].handshake?.applicationProtocol == "h2")
    try await gate.close()
  }

  @Test(arguments: versions)
  func nothingIsResumedOrRenegotiated(_ version: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    // "R" at the beginning of a line requests renegotiation, "k" a key update.
    let output = try await SClient(gate, material, material.client, [version]).run(sending: "R\n", until: "zzz")
    #expect(!output.contains("New Session Ticket arrived"), "\(output)")
    #expect(!output.contains("TLS session ticket:"), "\(output)")
    #expect(output.contains("Secure Renegotiation IS") && output.contains("Compression: NONE"), "\(output)")
    #expect(gate.all[0].text.isEmpty)
    try await gate.close()
  }

  @Test(arguments: versions)
  func answerIsWholeWhenTheApplicationClosesAtOnce(_ version: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext(), closesAfterAnswer: true)
    let line = String(repeating: "all of it ", count: 6000)
    let process = try SClient(gate, material, material.client, [version, "-quiet"]).start()
    try process.write("\(line)\n")
    let output = try await process.end().outputText
    #expect(output == "\(line.uppercased())\n", "\(output.count) bytes")
    try await wait(for: "the end of the connection") { gate.all.first?.isOver == true }
    #expect(gate.all[0].otherErrors.isEmpty)
    try await gate.close()
  }
}
