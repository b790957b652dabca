import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL

/// Why a server did not answer, classified by who must act.
public struct HTTPSError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Who must act.
  public enum Kind: Sendable {
    /// Nobody answers at the address, or the connection was lost: the network or the server is down. May be temporary.
    case unreachable
    /// We do not accept the server's certificate: the server's administrator must act, or whoever chose the roots here.
    case untrusted
    /// The server does not accept our certificate: its issuer must act, or whoever imported the roots there.
    case unauthenticated
    /// Something else answers at the address, or it violates the protocol.
    case misconfigured
    /// Something needed on this side cannot be used.
    case unusable
  }

  /// Who must act.
  public let kind: Kind
  /// The peer and the cause, on one line.
  public let description: String

  init(_ kind: Kind, _ peer: ServerAddress, _ reason: String) {
    self.kind = kind
    description = "\(peer): \(reason)"
  }

  /// Classifies why no connection to `peer` was made.
  init(connecting error: any Error, to peer: ServerAddress) {
    switch error {
    case let error as HTTPSError: self = error
    case let error as OpenSSLError: self.init(.unusable, peer, "\(error)")
    case let error as IOError where [EMFILE, ENFILE].contains(error.errnoCode):
      self.init(.unreachable, peer, "\(Self.text(error)) on this side")
    case let error as NIOConnectionError:
      let cause = error.connectionErrors.first.map { Self.text($0.error) } ?? error.dnsAError.map { "\($0)" }
      self.init(.unreachable, peer, cause ?? "no address")
    default: self.init(.unreachable, peer, Self.text(error))
    }
  }

  /// Classifies what ended a connection to `peer`.
  init(connected error: any Error, to peer: ServerAddress) {
    switch error {
    case let error as ServerHandshakeFailure: self.init(error.kind, peer, "\(error)")
    case HTTPParserError.invalidEOFState:
      self.init(.unreachable, peer, "closed the connection in the middle of an answer")
    case is HTTPParserError, is ByteToMessageDecoderError:
      self.init(.misconfigured, peer, "the answer is not HTTP")
    default: self.init(.unreachable, peer, Self.text(error))
    }
  }

  private static func text(_ error: any Error) -> String {
    if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
    if case ChannelError.connectTimeout = error { return "does not answer" }
    return "\(error)"
  }
}

extension ServerHandshakeFailure {
  fileprivate var kind: HTTPSError.Kind {
    switch self {
    case .serverRefused: .untrusted
    case .clientRefused: .unauthenticated
    case .serverFault: .unreachable
    case .notTLS: .misconfigured
    }
  }
}
