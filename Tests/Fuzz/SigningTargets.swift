import Glibc
import OpenSSL
import SigningLink
import SystemCalls
import TestCertificates

@testable import Signer

/// Requests that a compromised listener may send to the signer.
let signingTargets = [
  FuzzTarget(
    "signing", atMost: 1024, words: ["TLS 1.3, server CertificateVerify", "TLS 1.3, client CertificateVerify"],
    seeds: { signer.answer(to: UnsafeRawBufferPointer(start: nil, count: 0)) == [0] ? signingSeeds : [] }
  ) { input in
    let answer = input.withUnsafeBytes { signer.answer(to: $0) }
    promise(answer == [0] || answer.first == 1, "an answer is a refusal or a signature")
    promise(answer.count <= 1 + SigningLink.maximumSignature, "a signature fits into an answer")
    guard answer.first == 1 else { return }
    promise(
      input.count <= SigningLink.headLength + SigningLink.maximumMessage,
      "nothing longer than a handshake's message is signed")
    let message = input.dropFirst(SigningLink.headLength)
    let context = [UInt8](repeating: 0x20, count: 64) + Array("TLS 1.3, server CertificateVerify".utf8) + [0]
    if message.starts(with: context) {
      return promise([32, 48].contains(message.count - context.count), "a hash is signed")
    }
    // RFC 8422 section 5.4: both randoms, named_curve, the curve, the point.
    promise(message.count > 68 && message[message.startIndex + 64] == 3, "or a key share")
    promise(message.count == 68 + Int(message[message.startIndex + 67]), "and nothing after it")
  }
]

private let signingSeeds: [[UInt8]] = {
  let verify = [UInt8](repeating: 0x20, count: 64) + Array("TLS 1.3, server CertificateVerify".utf8) + [0]
  let exchange = [UInt8](repeating: 7, count: 64) + [3, 0, 29, 32] + [UInt8](repeating: 9, count: 32)
  return [[4, 3, 0, 0] + verify + [UInt8](repeating: 1, count: 32), [4, 3, 0, 0] + exchange]
}()

nonisolated(unsafe) private let signer: Signer = {  // used by one thread
  do {
    let root = try PKI.shared.root()
    let (socket, _) = try FileDescriptor.socketPair()
    return try Signer(KeyFile.read(FileDescriptor.open(root.keyPath, O_RDONLY)), socket: socket, isFirst: false)
  } catch { fatalError("no key for the signer: \(error)") }
}()
