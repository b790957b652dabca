import NIOCore
import NIOOpenSSL
import OpenSSL
import RemoteSigning
import Synchronization
import TestCertificates
import Testing

/// All connections of a server share one copy of a certificate, whoever presents it; having been seen before does not admit it.
@Suite struct CertificatesAreShared {
  /// A server that records what it is shown, and admits everybody while it is open.
  private final class Server: Sendable {
    let shown = Mutex<[PresentedChain]>([])
    let isOpen = Atomic(true)

    func context() throws -> TLSServerContext {
      let material = try GateMaterial()
      let key = try PrivateKey(pem: PEMBlock.all(in: Array(material.server.keyPEM.utf8))[0])
      return try TLSServerContext(
        .init(
          certificateChain: GateMaterial.certificates(material.server.chainPath), privateKey: key,
          clientAuthorities: [])
      ) { presented in
        self.shown.withLock { $0.append(presented) }
        return self.isOpen.load(ordering: .relaxed) ? .accepted : .refused(alert: .revoked, reason: "revoked")
      }
    }

    var leaves: [Certificate] { shown.withLock { $0.map(\.leaf) } }
    var issuers: [Certificate] { shown.withLock { $0.flatMap(\.intermediates) } }
  }

  @Test(arguments: HandlerInMemory.versions) func thereIsOneCopyForAll(_ version: Int32) throws {
    let issuer = try PKI.shared.intermediate("Shared Issuer", by: try GateMaterial().root)
    let clients = try ["first", "second", "first"].map { try PKI.shared.client($0, by: issuer) }
    let server = Server()
    let context = try server.context()
    let gates = try (clients[..<2] + clients[..<1]).map { client in
      let gate = try EmbeddedGate({ _ in client }, version: version, context: context)
      try gate.shakeHands()
      return gate
    }
    #expect(server.leaves.map(\.subject) == ["CN=first", "CN=second", "CN=first"])
    #expect(server.leaves[0] === server.leaves[2])
    #expect(server.issuers.map(\.subject) == Array(repeating: "CN=Shared Issuer", count: 3))
    #expect(Set(server.issuers.map { ObjectIdentifier($0) }).count == 1)
    // The others end and release their references.
    for gate in gates.dropLast() { gate.channel.close(promise: nil) }
    gates[2].client.write("still here")
    try gates[2].exchange()
    #expect(String(buffer: gates[2].inside.plaintext) == "still here")
    let record = Mutex<PresentedChain?>(nil)
    gates[2].channel.pipeline.fireUserInboundEventTriggered(
      ClientRecheck(
        verify: { presented in
          record.withLock { $0 = presented }
          return .accepted
        }, refused: { _, _ in }))
    let presented = record.withLock { $0 }
    #expect(presented?.leaf === server.leaves[0])
    #expect(presented?.intermediates.map(\.subject) == ["CN=Shared Issuer"])
  }

  @Test(arguments: HandlerInMemory.versions) func aKnownClientIsJudgedAgain(_ version: Int32) throws {
    let server = Server()
    let context = try server.context()
    try EmbeddedGate(version: version, context: context).shakeHands()
    server.isOpen.store(false, ordering: .relaxed)
    let refused = try EmbeddedGate(version: version, context: context)
    for _ in 0..<4 {
      _ = refused.client.handshake()
      try refused.exchange()
    }
    #expect(refused.inside.failures == [.refused(rule: "other_fault", reason: "revoked")])
    #expect(server.leaves.count == 2)
    server.isOpen.store(true, ordering: .relaxed)
    try EmbeddedGate(version: version, context: context).shakeHands()
    #expect(server.leaves.count == 3)
  }

  @Test func aRefusedClientsCertificateIsNotKept() throws {
    let server = Server()
    let context = try server.context()
    server.isOpen.store(false, ordering: .relaxed)
    let gates = try (0..<2).map { _ in try EmbeddedGate(context: context) }
    for gate in gates {
      _ = gate.client.handshake()
      try gate.exchange()
      _ = gate.client.handshake()
      try gate.exchange()
    }
    #expect(server.leaves.count == 2 && server.leaves[0] !== server.leaves[1])
  }

  /// Signs with a key other than the certificate's.
  private final class Thief: RemoteSigner {
    private let key: PrivateKey
    init(_ key: PrivateKey) { self.key = key }

    func sign(_ message: UnsafeRawBufferPointer, _ scheme: SignatureScheme) -> [UInt8]? {
      try? SigningKey(key).sign(message, scheme)
    }
  }

  @Test(arguments: HandlerInMemory.versions) func theKeyOfAKnownCertificateHasToBeProven(_ version: Int32) throws {
    let material = try GateMaterial()
    let context = try Server().context()
    try EmbeddedGate(version: version, context: context).shakeHands()
    let other = try PrivateKey(pem: PEMBlock.all(in: Array(material.server.keyPEM.utf8))[0])
    let known = try GateMaterial.certificates(material.client.certificatePath)[0]
    let gate = try EmbeddedGate(
      version: version, context: context, clientKey: PrivateKey.remote(of: known, signer: Thief(other)))
    for _ in 0..<4 {
      _ = gate.client.handshake()
      try gate.exchange()
    }
    #expect(gate.inside.log == ["error"])
    guard case .keyNotProven = gate.inside.failures.first else {
      Issue.record("\(gate.inside.failures)")
      return
    }
    try EmbeddedGate(version: version, context: context).shakeHands()
  }
}
