import NIOCore
import OpenSSL

/// A user event by which `OpenSSLServerHandler` judges its client again, because other rules hold than in the handshake. A
/// client that is refused now is cut off at once: without close_notify, and without what waits to be sent, so that it
/// takes nothing for the whole. In a handshake, the client is judged when it is over.
public final class ClientRecheck: Sendable {
  let verify: @Sendable (PresentedChain) -> PeerVerdict
  let refused: @Sendable (_ peer: SocketAddress?, _ reason: String) -> Void

  /// An event for any number of channels.
  ///
  /// - Parameters:
  ///   - verify: asked on each channel's event loop.
  ///   - refused: told of each connection that is closed, on its event loop.
  public init(
    verify: @escaping @Sendable (PresentedChain) -> PeerVerdict,
    refused: @escaping @Sendable (_ peer: SocketAddress?, _ reason: String) -> Void
  ) {
    self.verify = verify
    self.refused = refused
  }
}

extension OpenSSLServerHandler {
  /// What the client presented in its handshake; nil before it has.
  public var presentedChain: PresentedChain? { connection.presentedChain }

  /// Notes or carries out a recheck.
  func judge(_ recheck: ClientRecheck, _ context: ChannelHandlerContext) {
    switch state {
    case .handshaking: self.recheck = recheck
    case .open, .inputClosed, .lingering: closeIfRefused(by: recheck, context)
    case .closed: break
    }
  }

  /// - Returns: whether the connection is closed by it.
  @discardableResult
  func closeIfRefused(by recheck: ClientRecheck, _ context: ChannelHandlerContext) -> Bool {
    guard let presented = connection.presentedChain, case .refused(_, _, let reason) = recheck.verify(presented) else {
      return false
    }
    recheck.refused(context.remoteAddress, reason)
    closeNow(context)
    return true
  }
}
