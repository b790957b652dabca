import CLinux
import Glibc
import ShepherdContract

/// The shepherd's side of `ShepherdContract.StartReport`.
enum StartReport {
  /// Tells the supervisor that this shepherd runs. If the supervisor has gone, the next one finds the shepherd by its lock.
  static func sendStart() {
    let packet = ShepherdContract.StartReport.started(getpid()).encoded
    // Held by descriptor, this process is never confused with a later one of the same number.
    var handle = clinux_pidfd_open(getpid())
    _ = clinux_send_with_descriptors(
      ShepherdContract.Descriptor.report, packet, packet.count, &handle, handle < 0 ? 0 : 1)
    if handle >= 0 { close(handle) }
  }

  /// Tells the supervisor on `socket` that there is no shepherd.
  static func sendFailure(_ code: Int32, on socket: Int32) {
    let packet = ShepherdContract.StartReport.failed(code).encoded
    Glibc.send(socket, packet, packet.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }
}
