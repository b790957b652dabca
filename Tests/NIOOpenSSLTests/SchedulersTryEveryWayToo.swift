// Goal: a scheduler finds the valid path from an agent's certificate to its roots where OpenSSL alone takes the first that matches by name,
// and still accepts nobody else's.
import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL
import SystemCalls
import TestCertificates
import Testing

@Suite struct SchedulersTryEveryWayToo {
  private static let root = CertificateRecipe("/CN=Nameless Root", .bare).with {
    $0.extensions = ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign"]
  }

  @Test(arguments: [0, 1, 2]) func rootsOfOneName(signer: Int) throws {
    let roots = try (0..<3).map { variant in
      try PKI.shared.issue(Self.root.with { $0.variant = variant }, by: nil)
    }
    let server = try PKI.shared.issue(
      CertificateRecipe("/CN=localhost", .bare).with { $0.extensions = ["subjectAltName = DNS:localhost"] },
      by: roots[signer])
    for trusted in [roots, roots.reversed()] { #expect(try failure(server, trusted, "localhost") == nil) }
    // Neither without the root that signed it, nor under another name.
    let others = roots.indices.filter { $0 != signer }.map { roots[$0] }
    #expect(try failure(server, others, "localhost") != nil)
    #expect("\(try #require(try failure(server, roots, "elsewhere")))".contains("is not for elsewhere"))
  }

  private func failure(_ server: Credential, _ roots: [Credential], _ name: String) throws -> ServerHandshakeFailure? {
    let material = try GateMaterial()
    var configuration = TLSServerContext.Configuration(
      certificateChain: try GateMaterial.certificates(server.certificatePath), privateKey: try key(server),
      clientAuthorities: [])
    configuration.applicationProtocols = ["http/1.1"]
    let channel = EmbeddedChannel()
    try channel.pipeline.syncOperations.addHandler(
      OpenSSLServerHandler(
        context: try TLSServerContext(configuration) { _ in .accepted }, handshakeTimeout: .seconds(5)))
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    let client = try TLSClientConnection(
      TLSClientContext(
        certificateChain: try GateMaterial.certificates(material.client.chainPath),
        privateKey: try key(material.client),
        roots: roots.flatMap { try GateMaterial.certificates($0.certificatePath) }), serverName: name)
    for _ in 0..<4 {
      switch client.handshake() {
      case .complete: return nil
      case .failed(let failure): return failure
      case .wantsInput: break
      }
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      let count = bytes.withUnsafeMutableBytes { client.send(into: $0) }
      try channel.writeInbound(ByteBuffer(bytes: bytes.prefix(count)))
      while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
        Array(buffer.readableBytesView).withUnsafeBytes { client.receive($0) }
      }
    }
    return .notTLS("no end")
  }

  private func key(_ credential: Credential) throws -> PrivateKey {
    try PrivateKey(pem: PEMBlock.all(in: DurableFile.read(credential.keyPath, limit: 65536))[0])
  }
}
