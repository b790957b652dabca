import Dispatch
import Glibc
import OpenSSL
import SigningLink
import SigningSocket
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
    let request = [0x04, 0x03] + message
    return withExtendedLifetime(listenerEnd) { request.withUnsafeBytes { signer.answer(to: $0) } }
  }

  static let broken: [[UInt8]] = [
    [], [4], [4, 3], [0xFF, 0xFF] + verify(server, hash: 32), [0x08, 0x04] + verify(server, hash: 32),
  ]

  @Test(arguments: broken)
  func refusesBrokenRequestsAndSchemesOfOtherKeys(request: [UInt8]) throws {
    let (signer, _, listenerEnd) = try makeSigner()
    #expect(request.withUnsafeBytes { signer.answer(to: $0) } == [0])
    withExtendedLifetime(listenerEnd) {}
  }

  @Test func servesManyThreadsAndEndsWithItsListener() throws {
    let (signer, certificate, listenerEnd) = try makeSigner()
    let lost = Mutex(0)
    let connection = try SignerConnection(listenerEnd) { lost.withLock { $0 += 1 } }
    let ended = DispatchSemaphore(value: 0)
    let thread = SignerThread(signer)
    DispatchQueue.global().async {
      thread.run()
      ended.signal()
    }
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
    listenerEnd.close()
    #expect(ended.wait(timeout: .now() + 10) == .success)
  }

  @Test func tellsWhenTheSignerIsGone() throws {
    let pair = try SigningSocket.pair()
    let lost = Mutex(0)
    let connection = try SignerConnection(pair.listener) { lost.withLock { $0 += 1 } }
    pair.signer.close()
    #expect([1, 2, 3].withUnsafeBytes { connection.sign($0, .ecdsaSHA256) } == nil)
    #expect(lost.withLock { $0 } == 1)
    #expect(!connection.isThere())
    #expect(lost.withLock { $0 } == 2)
  }

  private func makeSigner() throws -> (Signer, Certificate, FileDescriptor) {
    let credential = try PKI.shared.server(by: PKI.shared.root("Signer Root"))
    let pair = try SigningSocket.pair()
    let signer = try Signer(keyFile: FileDescriptor.open(credential.keyPath, O_RDONLY), socket: pair.signer)
    return (signer, try Certificate.all(inPEM: Array(credential.certificatePEM.utf8))[0], pair.listener)
  }
}

private struct SignerThread: @unchecked Sendable {
  let signer: Signer
  init(_ signer: Signer) { self.signer = signer }
  func run() { try? signer.run() }
}
