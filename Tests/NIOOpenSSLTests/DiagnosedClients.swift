import NIOCore
import NIOOpenSSL
import OpenSSL
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// The log distinguishes faults on the client's side.
@Suite struct DiagnosedClients {
  @Test(arguments: RealClients.versions)
  func clientThatDoesNotTrustTheListener(_ version: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    var client = SClient(gate, material, material.client, [version])
    client.trusted = try PKI.shared.root("Some Other Root")
    _ = try await client.run(sending: "", until: "zzz")
    #expect(try await failure(gate) == .listenerCertificateRejected(alert: "unknown CA"))
    try await gate.close()
  }

  @Test(arguments: RealClients.versions)
  func clientThatExpectsAnotherName(_ version: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    let client = SClient(gate, material, material.client, [version, "-verify_hostname", "elsewhere.example"])
    _ = try await client.run(sending: "", until: "zzz")
    let failure = try #require(try await failure(gate))
    #expect(failure == .listenerCertificateRejected(alert: "bad certificate"))
    #expect("\(failure)".contains("connect to a name that the certificate has"))
    try await gate.close()
  }

  @Test(arguments: [
    (["-tls1_3", "-groups", "X448"], "no suitable key share"),
    (["-tls1_2", "-groups", "X448"], "no shared cipher"),
    (["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"], "no suitable signature algorithm"),
    (["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"], "no shared cipher"),
  ])
  func clientWithoutACommonGroupOrAlgorithm(_ words: [String], _ reason: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    _ = try await SClient(gate, material, material.client, words).run(sending: "", until: "zzz")
    #expect(try await failure(gate) == .noCommonParameters(reason))
    try await gate.close()
  }

  /// Input that is not TLS is named, including a load balancer's preamble.
  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", HandshakeFailure.plainHTTP), ("SSH-2.0-OpenSSH_9.2p1\r\n", .notTLS("SSH")),
    ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", .notTLS("PROXY protocol")),
    ("\r\n\r\n\0\r\nQUIT\n", .notTLS("PROXY protocol")),
    ("EHLO me\r\n", .notTLS("unknown protocol, first bytes 45484c4f206d650d")),
  ])
  func clientOfAnotherProtocol(_ opening: String, _ expected: HandshakeFailure) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    let script = """
      import socket, sys
      peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
      peer.sendall(sys.stdin.buffer.read())
      try:
        while peer.recv(4096): pass
      except ConnectionResetError: pass
      """
    let client = try TestProcess(["python3", "-c", script, "\(gate.port)"], input: Array(opening.utf8))
    #expect(try await client.end().end == .exited(0))
    #expect(try await failure(gate) == expected)
    try await gate.close()
  }

  @Test func clientThatLeavesInTheMiddle() async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    // The header of a record of 512 bytes, and three of them.
    let script = """
      import socket, sys
      peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
      peer.sendall(bytes([22, 3, 1, 2, 0, 1, 0, 1]))
      peer.close()
      """
    #expect(try await TestProcess(["python3", "-c", script, "\(gate.port)"]).end().end == .exited(0))
    #expect(try await failure(gate) == .closed(wasSilent: false))
    try await gate.close()
  }

  @Test func clientWithOldVersionsOnly() async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    let old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
    _ = try await SClient(gate, material, nil, old).run(sending: "", until: "zzz")
    #expect(try await failure(gate) == .noCommonVersion)
    try await gate.close()
  }

  @Test(arguments: ["AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "aNULL:@SECLEVEL=0"])
  func clientWithoutACommonCipher(_ cipher: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    _ = try await SClient(gate, material, nil, ["-tls1_2", "-cipher", cipher]).run(sending: "", until: "zzz")
    #expect(try await failure(gate) == .noCommonParameters("no shared cipher"))
    try await gate.close()
  }

  @Test func clientWithoutACommonApplicationProtocol() async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    _ = try await SClient(gate, material, material.client, ["-alpn", "smtp"]).run(sending: "", until: "zzz")
    #expect(try await failure(gate) == .noCommonParameters("no application protocol"))
    try await gate.close()
  }

  @Test(arguments: RealClients.versions)
  func clientWithAnotherKeyThanItsCertificates(_ version: String) async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext())
    let other = try PKI.shared.client("other", by: material.root)
    var client = SClient(gate, material, material.client, [version])
    client.keyPath = try Self.key(secret: other, public: material.client)
    let output = try await client.run(sending: "x\n", until: "X\n")
    #expect(try await failure(gate) == .keyNotProven(certificate: try name(of: material.client)), "\(output)")
    #expect(output.contains("alert decrypt error"), "\(output)")
    #expect(gate.all[0].handshake == nil)
    #expect(gate.all[0].text.isEmpty)
    try await gate.close()
  }

  /// A key that has one public half, so that s_client takes it for the certificate's, but signs with another secret.
  private static func key(secret: Credential, public: Credential) throws -> String {
    let folder = try PKI.shared.scratchFolder()
    func der(_ credential: Credential) throws -> [UInt8] {
      let path = "\(folder)/\(credential === secret ? "secret" : "public").der"
      try PKI.shared.openssl("pkey", "-in", credential.keyPath, "-outform", "DER", "-out", path)
      return try DurableFile.read(path, limit: 4096)
    }
    // The point, 65 bytes for P-256, comes last (RFC 5915).
    let mixed = try der(secret).dropLast(65) + der(`public`).suffix(65)
    try DurableFile.replace("\(folder)/mixed.der", with: Array(mixed), mode: 0o600)
    return "\(folder)/mixed.der"
  }

  /// Returns a certificate's name as in messages; the thumbprint comes from openssl.
  private func name(of credential: Credential) throws -> String {
    let words = ["x509", "-in", credential.certificatePath, "-noout", "-fingerprint", "-sha256"]
    let digits = try OpenSSLTool.run(words, scratch: credential.folder).split(separator: "=")[1].filter(\.isHexDigit)
    return "CN=client (sha256 \(digits.prefix(16).lowercased()))"
  }

  @Test func clientWithTooManyCertificates() async throws {
    let material = try GateMaterial()
    let gate = try await Gate(material.serverContext { $0.maximumClientCertificateBytes = 600 })
    let big = try PKI.shared.issue(
      CertificateRecipe("/CN=client", .client).with {
        $0.extensions = ["subjectAltName = " + (0..<40).map { "DNS:host-\($0).example.org" }.joined(separator: ", ")]
      }, by: material.root)
    _ = try await SClient(gate, material, big).run(sending: "", until: "zzz")
    #expect(try await failure(gate) == .certificatesTooLarge(limit: 600))
    try await gate.close()
  }

  private func failure(_ gate: Gate) async throws -> HandshakeFailure? {
    try await wait(for: "the end of the connection") { gate.all.first?.isOver == true }
    #expect(gate.all[0].failures.count == 1)
    return gate.all[0].failures.first
  }
}
