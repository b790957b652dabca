import COpenSSL
import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL
import Synchronization
import TestCertificates
import Testing

/// Clients that are verified again while they are connected.
@Suite struct RecheckedClients {
  /// What a recheck was asked and did.
  final class Record: Sendable {
    let asked = Mutex<[PresentedChain]>([])
    let closed = Mutex<[String]>([])
  }

  private func recheck(_ verdict: PeerVerdict, _ record: Record) -> ClientRecheck {
    ClientRecheck(
      verify: { presented in
        record.asked.withLock { $0.append(presented) }
        return verdict
      }, refused: { _, reason in record.closed.withLock { $0.append(reason) } })
  }

  private static let refused = PeerVerdict.refused(alert: .revoked, reason: "revoked")

  @Test(arguments: HandlerInMemory.versions)
  func oneThatIsRefusedNowIsCutOff(_ version: Int32) throws {
    let issuer = try PKI.shared.intermediate("Rechecked Issuer", by: try GateMaterial().root)
    let gate = try EmbeddedGate({ _ in try? PKI.shared.client("rechecked", by: issuer) }, version: version)
    try gate.shakeHands()
    _ = try gate.takeOutput()
    gate.channel.write(ByteBuffer(string: "not sent any more"), promise: nil)
    let record = Record()
    gate.channel.pipeline.fireUserInboundEventTriggered(recheck(Self.refused, record))
    #expect(!gate.channel.isActive)
    #expect(try gate.takeOutput().isEmpty)
    #expect(record.closed.withLock(\.self) == ["revoked"])
    let presented = record.asked.withLock(\.self)
    #expect(presented.map(\.leaf.subject) == ["CN=rechecked"])
    #expect(presented.map { $0.intermediates.map(\.subject) } == [["CN=Rechecked Issuer"]])
    #expect(gate.inside.log == ["handshake"])
  }

  @Test func oneThatIsLetInStillGoesOn() throws {
    let gate = try EmbeddedGate()
    try gate.shakeHands()
    let record = Record()
    gate.channel.pipeline.fireUserInboundEventTriggered(recheck(.accepted, record))
    gate.client.write("hello")
    try gate.exchange()
    #expect(String(buffer: gate.inside.plaintext) == "hello")
    #expect(record.asked.withLock(\.count) == 1 && record.closed.withLock(\.isEmpty))
  }

  @Test(arguments: HandlerInMemory.versions)
  func inAHandshakeItIsJudgedAtTheEnd(_ version: Int32) throws {
    let gate = try EmbeddedGate(version: version)
    _ = gate.client.handshake()
    try gate.exchange()
    let record = Record()
    gate.channel.pipeline.fireUserInboundEventTriggered(recheck(Self.refused, record))
    #expect(gate.channel.isActive && record.asked.withLock(\.isEmpty))
    _ = gate.client.handshake()
    gate.client.write("early bird")
    try gate.exchange()
    #expect(!gate.channel.isActive)
    #expect(record.closed.withLock(\.self) == ["revoked"])
    #expect(gate.inside.log.isEmpty, "neither the client nor its bytes may come inward")
  }
}
