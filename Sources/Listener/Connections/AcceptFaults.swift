import Glibc
import Logging
import NIOCore

/// What happens when a connection cannot be accepted because the host has run out of something: accepting pauses for a
/// moment, and the log says so, once a minute.
final class AcceptFaults: ChannelInboundHandler {
  typealias InboundIn = any Channel

  private let log: Logger
  private var silentUntil = NIODeadline.uptimeNanoseconds(0)

  init(_ log: Logger) {
    self.log = log
  }

  /// How long to pause after `error`; accept(2). Without a pause, the waiting connection would make the loop spin.
  static func pause(_ error: IOError) -> TimeAmount? {
    switch error.errnoCode {
    case EMFILE, ENFILE, ENOBUFS, ENOMEM: .milliseconds(100)
    default: nil
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Other errors belong to a connection that was refused, which has its own line.
    guard let error = error as? IOError, Self.pause(error) != nil, silentUntil < .now() else { return }
    silentUntil = .now() + .minutes(1)
    log.warning(
      "new connections wait: \(String(cString: strerror(error.errnoCode)))", metadata: ["error": "\(error)"])
  }
}
