import COpenSSL
import Glibc
import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL
import Synchronization
import TestCertificates
import Testing

/// The handler's behaviour, byte for byte, without a network.
@Suite struct HandlerInMemory {
  static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

  @Test(arguments: versions, [1, 7, 4096])
  func piecesOfAnySizeAreJoined(_ version: Int32, _ piece: Int) throws {
    let gate = try EmbeddedGate(version: version)
    try gate.shakeHands(piece: piece)
    gate.client.write("hello")
    try gate.exchange(piece: piece)
    #expect(String(buffer: gate.inside.plaintext) == "hello")
    #expect(gate.inside.log == ["handshake", "plaintext"])
  }

  @Test func plaintextInOneReadWithTheEndOfTheHandshakeComesAfterIt() throws {
    let gate = try EmbeddedGate()
    _ = gate.client.handshake()
    try gate.exchange()
    #expect(gate.client.handshake())
    gate.client.write("early bird")
    #expect(gate.inside.log.isEmpty)
    try gate.exchange()
    #expect(gate.inside.log == ["handshake", "plaintext"])
    #expect(String(buffer: gate.inside.plaintext) == "early bird")
  }

  @Test func writesBeforeTheEndOfTheHandshakeAreSentAfterIt() throws {
    let gate = try EmbeddedGate()
    let promise = gate.channel.eventLoop.makePromise(of: Void.self)
    gate.channel.writeAndFlush(ByteBuffer(string: "banner"), promise: promise)
    #expect(try gate.takeOutput().isEmpty)
    try gate.shakeHands()
    #expect(gate.client.read() == Array("banner".utf8))
    try promise.futureResult.wait()
  }

  @Test(arguments: [[1], [5, 0, 7], [16384], [16385], [10, 9000, 10], [1 << 20], Array(repeating: 100, count: 500)])
  func writesArriveWholeInFewRecords(_ sizes: [Int]) throws {
    let gate = try EmbeddedGate()
    try gate.shakeHands()
    var sent: [UInt8] = []
    let kept = Atomic(0)
    for (index, size) in sizes.enumerated() {
      let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: index + 1), count: size)
      sent += bytes
      gate.channel.write(ByteBuffer(bytes: bytes)).whenSuccess { kept.add(1, ordering: .relaxed) }
    }
    gate.channel.flush()
    let output = try gate.takeOutput()
    #expect(Self.records(output) <= sent.count / 16384 * 3 / 2 + 1)
    gate.client.give(output)
    #expect(gate.client.read() == sent)
    #expect(kept.load(ordering: .relaxed) == sizes.count)
  }

  /// Returns the number of TLS records in `bytes`; each has a header of 5 bytes with the length at its end.
  private static func records(_ bytes: [UInt8]) -> Int {
    var (count, offset) = (0, 0)
    while offset + 5 <= bytes.count {
      offset += 5 + Int(bytes[offset + 3]) << 8 + Int(bytes[offset + 4])
      count += 1
    }
    return count
  }

  /// A reset is the end of the connection, told once, and silent if the client was.
  @Test(arguments: [0, 1, 5, 100]) func aResetInTheHandshakeIsAnEnd(_ sent: Int) throws {
    let gate = try EmbeddedGate()
    _ = gate.client.handshake()
    if sent > 0 { try gate.channel.writeInbound(ByteBuffer(bytes: gate.client.takeOutput().prefix(sent))) }
    gate.channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read(descriptor:pointer:size:)"))
    #expect(gate.inside.log.isEmpty)
    gate.channel.pipeline.fireChannelInactive()
    #expect(gate.inside.failures == [.closed(wasSilent: sent == 0)])
  }

  @Test func aResetAfterTheHandshakeIsAnError() throws {
    let gate = try EmbeddedGate()
    try gate.shakeHands()
    gate.channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNRESET, reason: "read"))
    #expect(gate.inside.log == ["handshake", "error"])
  }

  @Test(arguments: versions)
  func closeNotifyOfTheClientClosesTheChannel(_ version: Int32) throws {
    let gate = try EmbeddedGate(version: version)
    try gate.shakeHands()
    gate.client.write("bye")
    gate.client.close()
    try gate.exchange()
    #expect(gate.inside.log == ["handshake", "plaintext"])
    #expect(!gate.channel.isActive)
    gate.client.give(try gate.takeOutput())
    _ = gate.client.read()
    #expect(gate.client.isServerDone)
  }

  @Test(arguments: versions)
  func answerIsStillSentAfterCloseNotifyOfTheClient(_ version: Int32) throws {
    let gate = try EmbeddedGate(version: version)
    gate.channel.allowRemoteHalfClosure = true
    try gate.shakeHands()
    gate.client.write("question")
    gate.client.close()
    try gate.exchange()
    #expect(gate.inside.log == ["handshake", "plaintext", "inputClosed"])
    gate.channel.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
    gate.channel.close(mode: .output, promise: nil)
    gate.client.give(try gate.takeOutput())
    #expect(gate.client.read() == Array("answer".utf8))
    #expect(gate.client.isServerDone)
    #expect(!gate.channel.isActive)
  }

  @Test func closingSendsWhatIsPendingAndCloseNotify() throws {
    let gate = try EmbeddedGate()
    try gate.shakeHands()
    gate.channel.write(ByteBuffer(string: "last words"), promise: nil)
    gate.channel.close(promise: nil)
    gate.client.give(try gate.takeOutput())
    #expect(gate.client.read() == Array("last words".utf8))
    #expect(gate.client.isServerDone)
  }

  @Test func lateClientIsTimedOut() throws {
    let gate = try EmbeddedGate()
    _ = gate.client.handshake()
    try gate.exchange()
    gate.letTimePass(.milliseconds(4999))
    #expect(gate.inside.failures.isEmpty)
    gate.letTimePass(.milliseconds(1))
    #expect(gate.inside.failures == [.timedOut(seconds: 5)])
    #expect(!gate.channel.isActive)
  }

  @Test func deadlineEndsWithTheHandshake() throws {
    let gate = try EmbeddedGate()
    try gate.shakeHands()
    gate.letTimePass(.hours(1))
    #expect(gate.inside.failures.isEmpty)
    #expect(gate.channel.isActive)
  }

  static let foreigners: [(first: String, failure: HandshakeFailure)] = [
    ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", .plainHTTP),
    ("POST /v1/jobs HTTP/1.1\r\n\r\n", .plainHTTP),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .plainHTTP),
    ("SSH-2.0-OpenSSH_9.2p1\r\n", .notTLS("SSH")),
    ("hello world hello", .notTLS("unknown protocol, first bytes 68656c6c6f20776f")),
    ("\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}", .notTLS("unknown protocol, first bytes 0001020304050607")),
  ]

  @Test(arguments: foreigners)
  func otherProtocolsAreNamed(_ row: (first: String, failure: HandshakeFailure)) throws {
    let gate = try EmbeddedGate()
    _ = try? gate.channel.writeInbound(ByteBuffer(string: row.first))
    #expect(gate.inside.failures == [row.failure])
    #expect(gate.inside.plaintext.readableBytes == 0)
    gate.endStream()
    #expect(!gate.channel.isActive)
  }

  @Test func clientThatClosesInTheMiddleIsReported() throws {
    let silent = try EmbeddedGate()
    silent.endStream()
    #expect(silent.inside.failures == [.closed(wasSilent: true)])
    let started = try EmbeddedGate()
    _ = started.client.handshake()
    try started.exchange()
    started.endStream()
    #expect(started.inside.failures == [.closed(wasSilent: false)])
  }

  @Test func noClientCertificateIsAnAlertToTheClient() throws {
    let gate = try EmbeddedGate({ _ in nil })
    for _ in 0..<3 {
      _ = gate.client.handshake()
      try? gate.exchange()
    }
    #expect(gate.inside.failures == [.noClientCertificate])
    _ = gate.client.read()
    #expect(gate.client.lastError.contains("certificate required"))
  }
}
