import NIOCore
import OpenSSL

/// A user event that makes `OpenSSLServerHandler` verify its client again, because the rules have changed since the handshake.
///
/// A client that is now refused is cut off at once: without close_notify and without sending what is pending, so that it does not take a
/// partial answer for complete. During a handshake, the client is verified when the handshake completes.
public final class ClientRecheck: Sendable {
  let verify: @Sendable (PresentedChain) -> PeerVerdict
  let refused: @Sendable (_ peer: SocketAddress?, _ reason: String) -> Void

  /// Creates an event for any number of channels.
  ///
  /// - Parameters:
  ///   - verify: called on each channel's event loop.
  ///   - refused: called for each connection that is closed, on its event loop.
  public init(
    verify: @escaping @Sendable (PresentedChain) -> PeerVerdict,
    refused: @escaping @Sendable (_ peer: SocketAddress?, _ reason: String) -> Void
  ) {
    self.verify = verify
    self.refused = refused
  }
}

extension OpenSSLServerHandler {
  /// What the client presented in its handshake; `nil` before that.
  public var presentedChain: PresentedChain? { connection.presentedChain }

  /// Carries out a recheck, or keeps it until the handshake completes.
  func judge(_ recheck: ClientRecheck, _ context: ChannelHandlerContext) {
    switch state {
    case .handshaking: self.recheck = recheck
    case .open, .inputClosed, .lingering: closeIfRefused(by: recheck, context)
    case .closed: break
    }
  }

  /// - Returns: whether this closes the connection.
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
