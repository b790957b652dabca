import Dispatch
import Glibc

/// Handles SIGINT and SIGTERM: the first signal once there is a job cancels the job; any other ends this program.
final class Interruption {
  private let sources: [any DispatchSourceSignal]
  private let state = InterruptionState()

  init(_ cancel: @escaping @Sendable () -> Void) {
    let state = state
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { if state.isFirst() { cancel() } else { _exit(128 + number) } }
      source.resume()
      return source
    }
  }

  /// Marks that there is a job to cancel.
  func arm() { state.arm() }

  func end() { for source in sources { source.cancel() } }
}
