import Glibc
import Logging
import NIOCore

/// Pauses accepting when the host has run out of a resource, and logs that once a minute.
///
/// Replaces NIO's AcceptBackoffHandler, which holds back the next read: a failed accept leaves the previous read pending, the waiting
/// connection keeps the socket readable, and the loop spins.
final class AcceptFaults: ChannelInboundHandler {
  typealias InboundIn = any Channel

  /// The event sent when the listener stops accepting, before its channel's automatic reads are disabled.
  struct AcceptingEnds: Sendable {}

  private static let pause = TimeAmount.milliseconds(100)

  private let log: Logger
  private var silentUntil = NIODeadline.uptimeNanoseconds(0)
  private var resumption: Scheduled<Void>?
  private var isEnding = false

  init(_ log: Logger) {
    self.log = log
  }

  /// Returns whether `error` is a shortage that passes when other descriptors are closed; accept(2).
  private static func isShortage(_ error: IOError) -> Bool {
    [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Other errors belong to a refused connection, which is logged separately.
    guard let error = error as? IOError, Self.isShortage(error) else { return }
    pauseAccepting(context.channel)
    guard silentUntil < .now() else { return }
    silentUntil = .now() + .minutes(1)
    log.warning(
      "new connections wait: \(String(cString: strerror(error.errnoCode)))", metadata: ["error": "\(error)"])
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is AcceptingEnds else { return context.fireUserInboundEventTriggered(event) }
    isEnding = true
    resumption?.cancel()
  }

  func channelInactive(context: ChannelHandlerContext) {
    resumption?.cancel()
    context.fireChannelInactive()
  }

  private func pauseAccepting(_ channel: any Channel) {
    guard !isEnding else { return }
    try? channel.syncOptions?.setOption(.autoRead, value: false)
    resumption?.cancel()
    let bound = NIOLoopBound(channel, eventLoop: channel.eventLoop)
    resumption = channel.eventLoop.scheduleTask(in: Self.pause) {
      try? bound.value.syncOptions?.setOption(.autoRead, value: true)
    }
  }
}
