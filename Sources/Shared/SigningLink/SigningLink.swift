import CLinux
import Glibc
import SystemCalls

/// The pairs of sockets between a listener and its signer, one for each of the signer's threads, and what is said over them. They
/// keep packets apart, so a packet is a message.
///
/// The first packet of the first pair is the supervisor's: it brings the open private key file and the signer's ends of the other
/// pairs. The rest is between the two.
///
/// A request is two bytes with the signature scheme's number (RFC 8446 section 4.2.3), two with the number of the processor that
/// the asking thread runs on (both big-endian), and the message to sign. The answer is a byte that is 1, then the signature; or the
/// byte 0 alone, which is a refusal.
public enum SigningLink {
  /// Bytes of a request before the message.
  public static let headLength = 4
  /// The longest message, in bytes: TLS 1.2 signs two randoms and a key share of at most 133 bytes, TLS 1.3 less than 150 bytes.
  public static let maximumMessage = 512
  /// The longest signature, in bytes: RSA of 8,192 bits.
  public static let maximumSignature = 1024

  /// The maximum number of pairs of a signer; processors beyond it share them.
  public static let maximumPairs = 4

  /// How many pairs this host should have: one for each processor.
  public static var pairsOfHost: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), maximumPairs) }

  /// Both ends, blocking.
  public static func pair() throws(SystemError) -> (listener: FileDescriptor, signer: FileDescriptor) {
    try FileDescriptor.packetPair()
  }

  /// What a signer works with.
  public struct Delivery {
    /// The key file, open for reading.
    public let key: FileDescriptor
    /// The signer's ends of all pairs but the first.
    public let others: [FileDescriptor]
  }

  /// Sends the key file over the listener's end of the first pair, before the listener has it.
  ///
  /// - Parameters:
  ///   - key: open for reading; stays the caller's.
  ///   - others: the signer's ends of the other pairs; they stay the caller's, too.
  public static func send(
    key: FileDescriptor, others: [FileDescriptor] = [], over socket: FileDescriptor
  ) throws(SystemError) {
    let (raw, numbers) = (socket.raw, [key.raw] + others.map(\.raw))
    var byte: UInt8 = 0
    try checked("sendmsg") { clinux_send_with_descriptors(raw, &byte, 1, numbers, numbers.count) }
  }

  /// Receives the key file and the other sockets on the signer's end of the first pair.
  ///
  /// - Returns: `nil` if the first packet brought no key, or more than it may.
  public static func receiveDelivery(from socket: FileDescriptor) throws(SystemError) -> Delivery? {
    let raw = socket.raw
    var (byte, numbers, count): (UInt8, [Int32], Int) = (0, Array(repeating: -1, count: maximumPairs), 0)
    try checked("recvmsg") { clinux_receive_with_descriptors(raw, &byte, 1, &numbers, maximumPairs, &count) }
    let received = numbers.prefix(min(count, maximumPairs)).map(FileDescriptor.init(owning:))
    guard let key = received.first, count <= maximumPairs else { return nil }
    return Delivery(key: key, others: Array(received.dropFirst()))
  }
}
