import NIOCore
import OpenSSL

/// TLS on the server's side of a channel: ciphertext towards the network, plaintext towards the application.
///
/// To be the first handler of its pipeline. Nothing a client sends goes inward before its certificate has been verified.
/// Inward come `TLSHandshakeCompleted` as a user event, then plaintext as `ByteBuffer`; a handshake that fails comes
/// inward once, as the error `HandshakeFailure`, and the handler closes the channel by itself after the alert is sent.
///
/// A close_notify of the client closes the channel, or, where the channel's option `allowRemoteHalfClosure` is set, comes
/// inward as `ChannelEvent.inputClosed`, so that an answer on its way can still be sent. `close(mode: .output)` sends
/// what is pending, then our close_notify.
public final class OpenSSLServerHandler: ChannelDuplexHandler {
  /// Ciphertext from the network.
  public typealias InboundIn = ByteBuffer
  /// Plaintext to the application.
  public typealias InboundOut = ByteBuffer
  /// Plaintext from the application.
  public typealias OutboundIn = ByteBuffer
  /// Ciphertext to the network.
  public typealias OutboundOut = ByteBuffer

  /// A handler for one connection.
  ///
  /// - Parameter handshakeTimeout: from the moment the channel is active to the end of the handshake.
  public init(context: TLSServerContext, handshakeTimeout: TimeAmount) throws(OpenSSLError) {
    throw OpenSSLError.notYet
  }
}

/// User event: the handshake is over and the client has proven who it is. It comes before the first plaintext.
public struct TLSHandshakeCompleted: Sendable {
  /// The client's certificate, which was verified.
  public let clientCertificate: Certificate
  /// `TLSv1.2` or `TLSv1.3`.
  public let version: String
  /// OpenSSL's name of the cipher suite.
  public let cipher: String
  /// The protocol agreed on by ALPN; nil where the client offered none.
  public let applicationProtocol: String?
}
