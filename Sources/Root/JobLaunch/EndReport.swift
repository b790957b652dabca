import Glibc
import ShepherdContract
import SystemCalls

/// The supervisor's side of `ShepherdContract.EndReport`.
enum EndReport {
  /// The two ends of the socket.
  static func pair() throws(SystemError) -> (supervisor: FileDescriptor, shepherd: FileDescriptor) {
    try FileDescriptor.packetPair()
  }

  /// Whether the packet has come that there is. Anything else, the end among it, is none.
  static func hasCome(_ socket: FileDescriptor) -> Bool {
    var packet = [UInt8](repeating: 0, count: 8)
    let count = recv(socket.raw, &packet, packet.count, Int32(MSG_DONTWAIT))
    return count > 0 && packet.prefix(count) == ShepherdContract.EndReport.ended[...]
  }

  /// Answers it. A shepherd that does not wait any more has written the record itself.
  static func take(_ socket: FileDescriptor) {
    let packet = ShepherdContract.EndReport.taken
    _ = send(socket.raw, packet, packet.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }
}
