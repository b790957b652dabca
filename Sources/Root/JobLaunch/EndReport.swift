import Glibc
import ShepherdContract
import SystemCalls

/// The supervisor's side of `ShepherdContract.EndReport`.
enum EndReport {
  /// Creates a socket pair; the supervisor's end does not block.
  static func pair() throws(SystemError) -> (supervisor: FileDescriptor, shepherd: FileDescriptor) {
    let (supervisor, shepherd) = try FileDescriptor.packetPair()
    try supervisor.setNonBlocking(true)
    return (supervisor, shepherd)
  }

  /// Returns whether the report has arrived. Anything else, including the end of the connection, is not a report.
  static func hasCome(_ socket: FileDescriptor) -> Bool {
    var packet = [UInt8](repeating: 0, count: 8)
    let count = recv(socket.raw, &packet, packet.count, Int32(MSG_DONTWAIT))
    return count > 0 && packet.prefix(count) == ShepherdContract.EndReport.ended[...]
  }

  /// Acknowledges the report. A shepherd that no longer waits has written the record itself.
  static func take(_ socket: FileDescriptor) {
    let packet = ShepherdContract.EndReport.taken
    _ = send(socket.raw, packet, packet.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }
}
