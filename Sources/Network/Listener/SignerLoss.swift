import Glibc
import Logging
import Synchronization

/// Ends a listener whose signer is gone or does not answer.
///
/// Without a signer no handshake can succeed, so the listener exits and the supervisor restarts both. A draining listener needs no signer
/// and continues.
final class SignerLoss: Sendable {
  private struct State {
    var isLost = false
    var isDraining = false
  }

  private let link: FileDescriptor
  private let log: Logger
  private let state = Mutex(State())

  /// - Parameter link: the link to the supervisor; a loss wakes its reader.
  init(_ link: FileDescriptor, _ log: Logger) {
    self.link = link
    self.log = log
  }

  /// Whether the listener must end because it lost its signer.
  var endsListener: Bool { state.withLock { $0.isLost && !$0.isDraining } }

  /// Records that the signer is gone; callable from any thread.
  func occurred() {
    let isNews = state.withLock { state in
      defer { state.isLost = true }
      return !state.isLost && !state.isDraining
    }
    guard isNews else { return }
    log.error(
      "the signer is gone or does not answer, so no handshake can succeed: the listener exits and is replaced")
    shutdown(link.raw, Int32(SHUT_RD))
  }

  /// Records that the listener no longer accepts connections.
  func draining() { state.withLock { $0.isDraining = true } }

  /// Thrown when the listener ends because of the loss.
  struct Ended: Error {}
}
