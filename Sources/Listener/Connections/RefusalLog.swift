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
  private let windows = Mutex<[String: Window]>([:])

  init(_ log: Logger, window: TimeAmount = .minutes(1)) {
    self.log = log
    self.window = window
  }

  /// Notes a refused connection.
  ///
  /// - Parameters:
  ///   - peer: where it came from.
  ///   - loop: where the sum is written later, if there is one.
  func refused(_ peer: SocketAddress?, _ reason: String, on loop: any EventLoop) {
    var source = Self.source(peer)
    let count = windows.withLock { windows in
      if windows[source] == nil, windows.count >= Self.maximumSources { source = "other addresses" }
      windows[source, default: Window(began: .now())].count += 1
      return windows[source]?.count ?? 0
    }
    if count == 1 {
      let source = source
      loop.scheduleTask(in: window) { self.close(source) }
    }
    if count > Self.linesPerWindow { return }
    log.info("connection refused", metadata: ["peer": "\(Self.text(peer))", "reason": "\(reason)"])
  }

  private func close(_ source: String) {
    guard let window = windows.withLock({ $0.removeValue(forKey: source) }) else { return }
    let more = window.count - Self.linesPerWindow
    if more > 0 { log.info("\(more) more connections refused from \(source) in the last minute") }
  }

  /// What counts as one source: an IPv4 address, or the network of 64 bits that an IPv6 host has to itself.
  private static func source(_ peer: SocketAddress?) -> String {
    switch peer {
    case .v4?: peer?.ipAddress ?? "unknown"
    case .v6(let address)?: withUnsafeBytes(of: address.address.sin6_addr) { network($0) }
    default: "unknown"
    }
  }

  private static func network(_ address: UnsafeRawBufferPointer) -> String {
    let isMappedIPv4 = address.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
    if isMappedIPv4 { return address.suffix(4).map { String($0) }.joined(separator: ".") }
    let groups = stride(from: 0, to: 8, by: 2).map {
      String(UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]), radix: 16)
    }
    return groups.joined(separator: ":") + "::/64"
  }

  /// A client's address, as logs show it.
  static func text(_ peer: SocketAddress?) -> String {
    guard let peer, let address = peer.ipAddress, let port = peer.port else { return "unknown" }
    return address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
  }
}
