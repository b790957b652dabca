import AgentProtocol
import ConnectionSource
import Logging
import NIOCore
import Synchronization

/// Logs one line for each refused connection, and a sum instead if one source has too many.
final class RefusalLog: Sendable {
  private struct Window {
    var began: NIODeadline
    var count = 0
  }

  /// The maximum number of lines per source and window.
  static let linesPerWindow = 10
  /// The maximum number of sources counted separately; all others share their lines.
  static let maximumSources = 4096

  private let log: Logger
  private let window: TimeAmount
  /// The key `nil` stands for all sources that are not counted separately.
  private let windows = Mutex<[Source?: Window]>([:])
  private let drops: DropLog

  init(_ log: Logger, window: TimeAmount = .minutes(1)) {
    self.log = log
    self.window = window
    drops = DropLog(log, window: window)
  }

  /// Logs a refused connection.
  ///
  /// - Parameters:
  ///   - peer: the source of the connection.
  ///   - loop: the event loop on which a sum is logged later, if needed.
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

  /// Logs a connection that a limit on connections refused; one line each only if the limit is per source.
  func dropped(
    _ peer: SocketAddress?, _ refusal: Admission.Refusal, _ limits: ListenerLimits, on loop: any EventLoop
  ) {
    if refusal.isOfPeer {
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
