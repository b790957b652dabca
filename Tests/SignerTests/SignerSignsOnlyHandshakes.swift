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

/// The signer signs what a TLS server signs in a handshake, and nothing that could be a certificate, a certificate request or a statement
/// in another protocol.
@Suite struct SignerSignsOnlyHandshakes {
  static let spaces = [UInt8](repeating: 0x20, count: 64)
  static let server = Array("TLS 1.3, server CertificateVerify".utf8) + [0]
  static let client = Array("TLS 1.3, client CertificateVerify".utf8) + [0]
  static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  static let signed: [[UInt8]] = [
    verify(server, hash: 32),
    verify(server, hash: 48),
    exchange([3, 0, 29], zeros(32)),
    exchange([3, 0, 23], p256),
    exchange([3, 0, 24], p384),
    exchange([3, 0, 25], p521),
  ]
  static let refused: [[UInt8]] = [
    verify(server, hash: 31),
    verify(server, hash: 64),
    verify(client, hash: 32),
    Array(verify(server, hash: 32).dropFirst()),
    exchange([3, 0, 23], p256 + [0], announced: 65),
    exchange([3, 0, 23], p256.dropLast(), announced: 65),
    exchange([3, 0, 23], p256.dropLast()),
    exchange([1, 0, 23], p256),  // explicit curve parameters
    exchange([3, 0, 23], []),
    exchange([3, 0, 23], [0]),  // the point at infinity
    exchange([3, 0, 23], p256.dropLast() + [p256.last! ^ 1]),  // not on the curve
    exchange([3, 0, 23], zeros(65)),
    exchange([3, 0, 23], [2] + p256[1...32]),  // compressed
    exchange([3, 0, 23], [6] + p256.dropFirst()),  // hybrid
    exchange([3, 0, 24], p256),
    exchange([3, 0, 25], p384),
    exchange([3, 0, 29], zeros(31)),
    exchange([3, 0, 29], zeros(33)),
    exchange([3, 0, 22], p256),  // secp256k1, which is not offered
    exchange([3, 0, 30], zeros(56)),  // X448, neither
    exchange([3, 1, 0], zeros(133)),  // a finite field
    zeros(64),
    Array("-----BEGIN CERTIFICATE REQUEST-----".utf8) + zeros(100),
    [0x30, 0x82, 0x01, 0x00] + zeros(300),  // the beginning of a certificate to be signed
    zeros(1),
    zeros(512),
    zeros(513),
  ]

  static func verify(_ context: [UInt8], hash: Int) -> [UInt8] { spaces + context + zeros(hash) }
  static func exchange(_ curve: [UInt8], _ point: [UInt8], announced: UInt8? = nil) -> [UInt8] {
    zeros(64) + curve + [announced ?? UInt8(point.count)] + point
  }

  // The generators, as `openssl ecparam -text` shows them.
  static let p256 = bytes(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e"
      + "162bce33576b315ececbb6406837bf51f5")
  static let p384 = bytes(
    "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760a"
      + "b73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e"
      + "5f")
  static let p521 = bytes(
    "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2"
      + "ffa8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd"
      + "17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650")

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
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

  /// The processor in a request may not exist.
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

  /// Runs the complete signer except its confinement, on threads of this process.
  private func runSigner(
    pairs count: Int
  ) throws -> (certificate: Certificate, listenerEnds: [FileDescriptor], ended: DispatchSemaphore) {
    let (credential, certificate) = try Self.material()
    let pairs = try (0..<count).map { _ in try SigningLink.pair() }
    try SigningLink.send(
      key: FileDescriptor.open(credential.keyPath, O_RDONLY), others: pairs.dropFirst().map(\.signer),
      over: pairs[0].listener)
    // The message holds its own open copies; if they stayed open here as well, their end would never be seen.
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
