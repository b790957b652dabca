import CLinux
import Glibc
import SystemCalls

/// The pairs of sockets between a listener and its signer, one for each of the signer's threads. They keep packets apart, so a
/// packet is a message.
///
/// The first packet of the first pair is the supervisor's: it brings the open private key file and the signer's ends of the other
/// pairs. The rest is between the two.
public enum SigningSocket {
  /// The most pairs of a signer: more processors than these share them.
  public static let most = 4

  /// How many pairs this host should have: one a processor.
  public static var countOfHost: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), most) }

  /// Both ends, blocking.
  public static func pair() throws(SystemError) -> (listener: FileDescriptor, signer: FileDescriptor) {
    var pair: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    try checked("socketpair") { socketpair(AF_UNIX, type, 0, &pair) }
    return (FileDescriptor(owning: pair[0]), FileDescriptor(owning: pair[1]))
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
    var (byte, numbers, count): (UInt8, [Int32], Int) = (0, Array(repeating: -1, count: most), 0)
    try checked("recvmsg") { clinux_receive_with_descriptors(raw, &byte, 1, &numbers, most, &count) }
    let received = numbers.prefix(min(count, most)).map(FileDescriptor.init(owning:))
    guard let key = received.first, count <= most else { return nil }
    return Delivery(key: key, others: Array(received.dropFirst()))
  }
}
