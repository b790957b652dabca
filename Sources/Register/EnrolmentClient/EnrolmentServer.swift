import EnrolmentProtocol
import FoundationEssentials
import HTTPSClient
import OpenSSL

/// An EST server (RFC 7030) as seen by an agent. All calls block; a server that stops answering is given up within two minutes.
public struct EnrolmentServer: Sendable, CustomStringConvertible {
  /// The server's address, and the name that its certificate must be valid for.
  private let address: ServerAddress

  /// The maximum size of an answer, in bytes.
  private static let maximumAnswer = 1 << 18

  /// Parses `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT` or an IPv6 address; the default port is 5774. Returns `nil` for any other text.
  public init?(_ text: String) {
    guard let address = ServerAddress(text, port: EnrolmentOperation.defaultPort) else { return nil }
    self.address = address
  }

  /// The TCP port.
  public var port: Int { address.port }

  /// `HOST:PORT`.
  public var description: String { "\(address)" }

  /// Returns the certificates that the server presents as those of the CA.
  ///
  /// Nothing has been verified: the caller must compare them with what is known about the CA.
  public func unverifiedAuthorities() throws -> [Certificate] {
    try certificates(.cacerts, TLSClientContext(withoutVerification: ()))
  }

  /// Requests a certificate with an enrolment code.
  ///
  /// - Parameters:
  ///   - root: the certificate that the server's chain must end in. The code is sent only once that is verified.
  ///   - code: the secret part of the code.
  public func enrol(
    _ request: CertificateRequest, agentName: String, code: String, root: Certificate
  ) throws -> Certificate {
    let credentials = Data("\(agentName):\(code)".utf8).base64EncodedString()
    return try issued(
      .simpleenroll, request, TLSClientContext(roots: [root]), [("Authorization", "Basic \(credentials)")])
  }

  /// Requests a certificate that replaces `chain.first`, whose key is `key`.
  ///
  /// - Parameter roots: the certificates that the server's chain may end in.
  public func renew(
    _ request: CertificateRequest, chain: [Certificate], key: PrivateKey, roots: [Certificate]
  ) throws -> Certificate {
    let tls = try TLSClientContext(certificateChain: chain, privateKey: key, roots: roots)
    return try issued(.simplereenroll, request, tls, [])
  }

  private func issued(
    _ operation: EnrolmentOperation, _ request: CertificateRequest, _ tls: TLSClientContext,
    _ headers: [(String, String)]
  ) throws -> Certificate {
    let type = [("Content-Type", EnrolmentOperation.requestType), ("Content-Transfer-Encoding", "base64")]
    let found = try certificates(operation, tls, headers + type, Base64Body.encode(request.der))
    guard let own = found.first(where: { $0.isCertificate(for: request) }) else {
      throw EnrolmentError.unusable("\(self) answered with a certificate for another key")
    }
    return own
  }

  private func certificates(
    _ operation: EnrolmentOperation, _ tls: TLSClientContext, _ headers: [(String, String)] = [], _ body: [UInt8]? = nil
  ) throws -> [Certificate] {
    let reply: ServerExchange.Reply
    do {
      reply = try ServerExchange(address, tls: tls, limits: .init(answerBytes: Self.maximumAnswer))
        .ask(operation.method, operation.path, headers: headers, body: body)
    } catch let error as HTTPSError {
      throw EnrolmentError(error)
    }
    guard reply.status == 200 else { throw EnrolmentError(status: reply.status, reply.body, self) }
    guard let der = Base64Body.decode(reply.body), let certificates = try? CertificatesMessage.certificates(inDER: der)
    else { throw EnrolmentError.unusable("\(self) did not answer with certificates; is it an EST server?") }
    return certificates
  }
}

extension Certificate {
  fileprivate func isCertificate(for request: CertificateRequest) -> Bool {
    guard let key = request.publicKey else { return false }
    return publicKey?.sha256 == key.sha256
  }
}
