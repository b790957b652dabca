import Glibc
import ShepherdContract
import SystemCalls

/// The shepherd's side of `ShepherdContract.EndReport`.
enum EndReport {
  /// Reports the end to the supervisor on `socket` and waits for its reply.
  ///
  /// - Returns: whether the end is in the ledger; false if the supervisor has gone, does not reply, or sends another reply.
  static func isTaken(_ socket: FileDescriptor) -> Bool {
    let (raw, packet) = (socket.raw, ShepherdContract.EndReport.ended)
    guard send(raw, packet, packet.count, Int32(MSG_NOSIGNAL)) == packet.count else { return false }
    var polls = [pollfd(fd: raw, events: Int16(POLLIN), revents: 0)]
    guard poll(&polls, 1, ShepherdContract.EndReport.patience) == 1 else { return false }
    var answer = [UInt8](repeating: 0, count: 8)
    let count = recv(raw, &answer, answer.count, Int32(MSG_DONTWAIT))
    return count > 0 && answer.prefix(count) == ShepherdContract.EndReport.taken[...]
  }
}
