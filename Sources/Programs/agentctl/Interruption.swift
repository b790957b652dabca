import Dispatch
import Glibc

/// SIGINT and SIGTERM: the first one once there is a job asks for its end; any other ends this program.
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

  /// There is a job now.
  func arm() { state.arm() }

  func end() { for source in sources { source.cancel() } }
}
