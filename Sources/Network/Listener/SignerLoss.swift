import Glibc
import Logging
import Synchronization

/// A listener whose signer has gone or does not answer is of no use, as no handshake succeeds any more: it ends, for the
/// supervisor to start both again. One that is to finish what it has open needs none and goes on.
final class SignerLoss: Sendable {
  private struct State {
    var isLost = false
    var isDraining = false
  }

  private let link: FileDescriptor
  private let log: Logger
  private let state = Mutex(State())

  /// - Parameter link: the link to the supervisor, whose reader is woken by a loss.
  init(_ link: FileDescriptor, _ log: Logger) {
    self.link = link
    self.log = log
  }

  /// Whether the listener is to end because of it.
  var endsListener: Bool { state.withLock { $0.isLost && !$0.isDraining } }

  /// The signer is gone; from any thread.
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

  /// No connection is accepted any more.
  func draining() { state.withLock { $0.isDraining = true } }

  /// Why a listener ends.
  struct Ended: Error {}
}
