import CLinux
import Glibc
import SystemCalls

/// The socket pairs between a listener and its signer, one for each of the signer's threads, and the protocol on them. They preserve
/// packets, so each packet is one message.
///
/// The first packet on the first pair comes from the supervisor: it carries the open private key file and the signer's ends of the other
/// pairs. All others are between listener and signer.
///
/// A request consists of two bytes with the number of the signature scheme (RFC 8446 section 4.2.3), two with the number of the processor
/// on which the requesting thread runs (both big-endian), and the message to sign. The answer is a byte 1 and the signature, or a single
/// byte 0 for a refusal.
public enum SigningLink {
  /// The size of a request's head before the message, in bytes.
  public static let headLength = 4
  /// The maximum length of a message, in bytes: TLS 1.2 signs two randoms and a key share of at most 133 bytes, TLS 1.3 less than 150
  /// bytes.
  public static let maximumMessage = 512
  /// The maximum length of a signature, in bytes: RSA with 8,192 bits.
  public static let maximumSignature = 1024

  /// The maximum number of pairs of a signer; if there are more processors, they share them.
  public static let maximumPairs = 4

  /// The number of pairs for this host: one per processor.
  public static var pairsOfHost: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), maximumPairs) }

  /// Creates a pair of blocking sockets.
  public static func pair() throws(SystemError) -> (listener: FileDescriptor, signer: FileDescriptor) {
    try FileDescriptor.packetPair()
  }

  /// What the supervisor delivers to a signer.
  public struct Delivery {
    /// The key file, open for reading.
    public let key: FileDescriptor
    /// The signer's ends of all pairs except the first.
    public let others: [FileDescriptor]
  }

  /// Sends the key file over the listener's end of the first pair, before the listener has that end.
  ///
  /// - Parameters:
  ///   - key: open for reading; remains the caller's.
  ///   - others: the signer's ends of the other pairs; they also remain the caller's.
  public static func send(
    key: FileDescriptor, others: [FileDescriptor] = [], over socket: FileDescriptor
  ) throws(SystemError) {
    let (raw, numbers) = (socket.raw, [key.raw] + others.map(\.raw))
    var byte: UInt8 = 0
    try checked("sendmsg") { clinux_send_with_descriptors(raw, &byte, 1, numbers, numbers.count) }
  }

  /// Receives the key file and the other sockets on the signer's end of the first pair.
  ///
  /// - Returns: `nil` if the first packet carried no key or too many descriptors.
  public static func receiveDelivery(from socket: FileDescriptor) throws(SystemError) -> Delivery? {
    let raw = socket.raw
    var (byte, numbers, count): (UInt8, [Int32], Int) = (0, Array(repeating: -1, count: maximumPairs), 0)
    try checked("recvmsg") { clinux_receive_with_descriptors(raw, &byte, 1, &numbers, maximumPairs, &count) }
    let received = numbers.prefix(min(count, maximumPairs)).map(FileDescriptor.init(owning:))
    guard let key = received.first, count <= maximumPairs else { return nil }
    return Delivery(key: key, others: Array(received.dropFirst()))
  }
}
