import Dispatch
import Glibc
import Synchronization

/// Handles the signals that end a command: INT, TERM, HUP and QUIT, but for those that were ignored when the program was started, as by
/// nohup(1): they stay ignored.
final class Interruption {
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  private let sources: [any DispatchSourceSignal]
  private let received = Received()

  /// - Parameters:
  ///   - first: what the first signal does.
  ///   - again: what another one does before the program exits at once.
  init(_ first: @escaping @Sendable (Int32) -> Void, again: @escaping @Sendable () -> Void) {
    let received = received
    sources = Self.signals.filter { !Self.isIgnored($0) }.map { number in
      Glibc.signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler {
        guard let earlier = received.note(number) else { return first(number) }
        // The end of a session sends HUP more than once, and TERM with it: nobody is there who is impatient.
        if earlier == SIGHUP || number == SIGHUP { return }
        again()
        _exit(128 + number)
      }
      source.resume()
      return source
    }
  }

  /// The first signal.
  var signal: Int32? { received.first }

  /// Stops handling the signals, which stay ignored.
  func end() { for source in sources { source.cancel() } }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private final class Received: Sendable {
    private let number = Mutex<Int32?>(nil)

    var first: Int32? { number.withLock { $0 } }

    /// Notes a signal.
    ///
    /// - Returns: the first one, if there was one before.
    func note(_ signal: Int32) -> Int32? {
      number.withLock { number in
        defer { number = number ?? signal }
        return number
      }
    }
  }
}
