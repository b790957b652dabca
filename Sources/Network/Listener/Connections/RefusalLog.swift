import AgentProtocol
import ConnectionSource
import Logging
import NIOCore
import Synchronization

/// One line for each refused connection, and a sum instead of the lines where one source has too many.
final class RefusalLog: Sendable {
  private struct Window {
    var began: NIODeadline
    var count = 0
  }

  /// Lines for a source in one window.
  static let linesPerWindow = 10
  /// The most sources that are told apart; the others share their lines.
  static let maximumSources = 4096

  private let log: Logger
  private let window: TimeAmount
  /// `nil` stands for all sources that are not told apart.
  private let windows = Mutex<[Source?: Window]>([:])
  private let drops: DropLog

  init(_ log: Logger, window: TimeAmount = .minutes(1)) {
    self.log = log
    self.window = window
    drops = DropLog(log, window: window)
  }

  /// Notes a refused connection.
  ///
  /// - Parameters:
  ///   - peer: where it came from.
  ///   - loop: where the sum is written later, if there is one.
  func refused(_ peer: SocketAddress?, _ reason: String, on loop: any EventLoop) {
    var source: Source? = Source(peer)
    let count = windows.withLock { windows in
      if windows[source] == nil, windows.count >= Self.maximumSources { source = nil }
      windows[source, default: Window(began: .now())].count += 1
      return windows[source]?.count ?? 0
    }
    if count == 1 {
      let source = source
      loop.scheduleTask(in: window) { self.close(source) }
    }
    if count > Self.linesPerWindow { return }
    log.info("connection refused", metadata: ["peer": "\(Source.text(peer))", "reason": "\(reason)"])
  }

  /// Notes a connection that a limit on their number refused: one line for each only where the limit is its source's own.
  func dropped(
    _ peer: SocketAddress?, _ refusal: Admission.Refusal, _ limits: ListenerLimits, on loop: any EventLoop
  ) {
    if refusal.isOfSource {
      refused(peer, refusal.reason(limits), on: loop)
    } else {
      drops.dropped(refusal, refusal.reason(limits), on: loop)
    }
  }

  private func close(_ source: Source?) {
    guard let window = windows.withLock({ $0.removeValue(forKey: source) }) else { return }
    let more = window.count - Self.linesPerWindow
    if more > 0 {
      let place = source?.description ?? "other addresses"
      log.info("\(more) more connections refused from \(place) in the last minute")
    }
  }
}
