import CLinux
import Glibc
import SystemCalls

/// The pair of sockets between a listener and its signer. They keep packets apart, so a packet is a message.
///
/// The first packet is the supervisor's and brings the open private key file; the rest is between the two.
public enum SigningSocket {
  /// Both ends, blocking.
  public static func pair() throws(SystemError) -> (listener: FileDescriptor, signer: FileDescriptor) {
    var pair: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    try checked("socketpair") { socketpair(AF_UNIX, type, 0, &pair) }
    return (FileDescriptor(owning: pair[0]), FileDescriptor(owning: pair[1]))
  }

  /// Sends the key file over the listener's end, before the listener has it.
  ///
  /// - Parameter key: open for reading; stays the caller's.
  public static func send(key: FileDescriptor, over socket: FileDescriptor) throws(SystemError) {
    let (raw, numbers) = (socket.raw, [key.raw])
    var byte: UInt8 = 0
    try checked("sendmsg") { clinux_send_with_descriptors(raw, &byte, 1, numbers, 1) }
  }

  /// Receives the key file on the signer's end.
  ///
  /// - Returns: `nil` if the first packet brought none.
  public static func receiveKey(from socket: FileDescriptor) throws(SystemError) -> FileDescriptor? {
    let raw = socket.raw
    var (byte, number, count): (UInt8, Int32, Int) = (0, -1, 0)
    try checked("recvmsg") { clinux_receive_with_descriptors(raw, &byte, 1, &number, 1, &count) }
    return count == 1 ? FileDescriptor(owning: number) : nil
  }
}
