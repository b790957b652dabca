import Dispatch
import Glibc
import OpenSSL
import RemoteSigning
import SigningLink
import Synchronization
import SystemCalls
import TestCertificates
import Testing

@testable import Signer

/// The signer signs what a TLS server signs in a handshake, and nothing that could be a certificate, a request for one or
/// a statement of another protocol.
@Suite struct SignerSignsOnlyHandshakes {
  static let spaces = [UInt8](repeating: 0x20, count: 64)
  static let server = Array("TLS 1.3, server CertificateVerify".utf8) + [0]
  static let client = Array("TLS 1.3, client CertificateVerify".utf8) + [0]
  static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  static let signed: [[UInt8]] = [
    verify(server, hash: 32),
    verify(server, hash: 48),
    exchange(curve: [3, 0, 29], announced: 32, point: 32),
    exchange(curve: [3, 0, 23], announced: 65, point: 65),
    exchange(curve: [3, 0, 25], announced: 133, point: 133),
  ]
  static let refused: [[UInt8]] = [
    verify(server, hash: 31),
    verify(server, hash: 64),
    verify(client, hash: 32),
    Array(verify(server, hash: 32).dropFirst()),
    exchange(curve: [3, 0, 23], announced: 65, point: 66),
    exchange(curve: [3, 0, 23], announced: 65, point: 64),
    exchange(curve: [1, 0, 23], announced: 65, point: 65),  // explicit curve parameters
    exchange(curve: [3, 0, 23], announced: 0, point: 0),
    zeros(64),
    Array("-----BEGIN CERTIFICATE REQUEST-----".utf8) + zeros(100),
    [0x30, 0x82, 0x01, 0x00] + zeros(300),  // the beginning of a certificate to be signed
    zeros(1),
    zeros(512),
    zeros(513),
  ]

  static func verify(_ context: [UInt8], hash: Int) -> [UInt8] { spaces + context + zeros(hash) }
  static func exchange(curve: [UInt8], announced: UInt8, point: Int) -> [UInt8] {
    zeros(64) + curve + [announced] + zeros(point)
  }

  @Test(arguments: signed) func signs(message: [UInt8]) throws {
    try #expect(answer(to: message).first == 1)
    try #expect(answer(to: message).count > 64)
  }

  @Test(arguments: refused) func refuses(message: [UInt8]) throws {
    try #expect(answer(to: message) == [0])
  }

  private func answer(to message: [UInt8]) throws -> [UInt8] {
    let (signer, _, listenerEnd) = try makeSigner()
    let request = [0x04, 0x03, 0, 0] + message
    return withExtendedLifetime(listenerEnd) { request.withUnsafeBytes { signer.answer(to: $0) } }
  }

  static let broken: [[UInt8]] = [
    [], [4], [4, 3], [4, 3, 0], [4, 3, 0, 0], [0xFF, 0xFF, 0, 0] + verify(server, hash: 32),
    [0x08, 0x04, 0, 0] + verify(server, hash: 32), [4, 3] + verify(server, hash: 32),
  ]

  @Test(arguments: broken)
  func refusesBrokenRequestsAndSchemesOfOtherKeys(request: [UInt8]) throws {
    let (signer, _, listenerEnd) = try makeSigner()
    #expect(request.withUnsafeBytes { signer.answer(to: $0) } == [0])
    withExtendedLifetime(listenerEnd) {}
  }

  @Test(arguments: [1, 2, SigningLink.maximumPairs]) func servesManyThreadsAndEndsWithItsListener(pairs: Int) throws {
    let (certificate, listenerEnds, ended) = try runSigner(pairs: pairs)
    let lost = Mutex(0)
    let connection = try SignerConnection(listenerEnds) { lost.withLock { $0 += 1 } }
    let message = Self.spaces + Self.server + Self.zeros(32)
    let good = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<50 {
        let signature = message.withUnsafeBytes { connection.sign($0, .ecdsaSHA256) }
        if let signature, certificate.isSignature(signature, of: message, .ecdsaSHA256) { good.withLock { $0 += 1 } }
      }
    }
    #expect(good.withLock { $0 } == 200)
    #expect(connection.isThere())
    #expect([1, 2, 3].withUnsafeBytes { connection.sign($0, .ecdsaSHA256) } == nil)
    #expect(lost.withLock { $0 } == 0)
    for end in listenerEnds { end.close() }
    #expect(ended.wait(timeout: .now() + 10) == .success)
  }

  /// The processor that a request names may be one that there is not.
  @Test func signsWhateverTheProcessor() throws {
    let (certificate, listenerEnds, ended) = try runSigner(pairs: 1)
    let message = Self.spaces + Self.server + Self.zeros(32)
    let raw = listenerEnds[0].raw
    for processor: [UInt8] in [[0, 0], [0xFF, 0xFF], [0, 1], [0x03, 0xFF], [0x04, 0], [0, 0]] {
      let request = [0x04, 0x03] + processor + message
      #expect(send(raw, request, request.count, 0) == request.count)
      var answer = [UInt8](repeating: 0, count: 1 + SigningLink.maximumSignature)
      let count = recv(raw, &answer, answer.count, 0)
      #expect(certificate.isSignature(Array(answer[1..<max(1, count)]), of: message, .ecdsaSHA256))
    }
    listenerEnds[0].close()
    #expect(ended.wait(timeout: .now() + 10) == .success)
  }

  @Test func tellsWhenTheSignerIsGone() throws {
    let pair = try SigningLink.pair()
    let lost = Mutex(0)
    let connection = try SignerConnection([pair.listener]) { lost.withLock { $0 += 1 } }
    pair.signer.close()
    #expect([1, 2, 3].withUnsafeBytes { connection.sign($0, .ecdsaSHA256) } == nil)
    #expect(lost.withLock { $0 } == 1)
    #expect(!connection.isThere())
    #expect(lost.withLock { $0 } == 2)
  }

  private func makeSigner() throws -> (Signer, Certificate, FileDescriptor) {
    let (credential, certificate) = try Self.material()
    let pair = try SigningLink.pair()
    let key = KeyFile.read(try FileDescriptor.open(credential.keyPath, O_RDONLY))
    return (try Signer(key, socket: pair.signer, isFirst: true), certificate, pair.listener)
  }

  /// The whole of the signer but its confinement, on threads of this process.
  private func runSigner(
    pairs count: Int
  ) throws -> (certificate: Certificate, listenerEnds: [FileDescriptor], ended: DispatchSemaphore) {
    let (credential, certificate) = try Self.material()
    let pairs = try (0..<count).map { _ in try SigningLink.pair() }
    try SigningLink.send(
      key: FileDescriptor.open(credential.keyPath, O_RDONLY), others: pairs.dropFirst().map(\.signer),
      over: pairs[0].listener)
    // What was sent is open in the message; kept open here as well, its end would never be seen.
    for pair in pairs.dropFirst() { pair.signer.close() }
    let ended = DispatchSemaphore(value: 0)
    let socket = pairs[0].signer
    try DetachedThread.start {
      _ = SignerProcess.serve(socket: socket)
      ended.signal()
    }
    return (certificate, pairs.map(\.listener), ended)
  }

  private static func material() throws -> (Credential, Certificate) {
    let credential = try PKI.shared.server(by: PKI.shared.root("Signer Root"))
    return (credential, try Certificate.all(inPEM: Array(credential.certificatePEM.utf8))[0])
  }
}
