import EnrolmentProtocol
import FoundationEssentials
import Glibc
import HTTPSClient
import OpenSSL

/// An EST server (RFC 7030) as seen by an agent. All calls block; a server that stops answering is given up within two minutes.
public struct EnrolmentServer: Sendable, CustomStringConvertible {
  /// The server's address, and the name that its certificate must be valid for.
  private let address: ServerAddress

  /// The maximum size of an answer, in bytes.
  private static let maximumAnswer = 1 << 18
  /// The maximum number of certificates from one that is issued to a root, as for all chains here.
  private static let maximumChain = 8

  /// Parses `HOST`, `HOST:PORT`, `[IPV6]`, `[IPV6]:PORT` or an IPv6 address; the default port is 5774. Returns `nil` for any other text.
  public init?(_ text: String) {
    guard let address = ServerAddress(text, port: EnrolmentOperation.defaultPort) else { return nil }
    self.address = address
  }

  /// The TCP port.
  public var port: Int { address.port }

  /// `HOST:PORT`.
  public var description: String { "\(address)" }

  /// Returns the certificates that the server presents as those of the CA, and of CAs below it.
  ///
  /// Nothing has been verified: the caller must compare them with what is known about the CA.
  public func unverifiedAuthorities() throws -> [Certificate] {
    try certificates(.cacerts, TLSClientContext(withoutVerification: ()))
  }

  /// A certificate that the server has issued, and others that may lead from it to a root. Only TLS has been verified.
  public typealias Answer = (certificate: Certificate, others: [Certificate])

  /// Requests a certificate with an enrolment code.
  ///
  /// - Parameters:
  ///   - root: the certificate that the server's chain must end in. The code is sent only once that is verified.
  ///   - code: the secret part of the code.
  public func enrol(_ request: CertificateRequest, agentName: String, code: String, root: Certificate) throws -> Answer
  {
    let credentials = Data("\(agentName):\(code)".utf8).base64EncodedString()
    return try issued(
      .simpleenroll, request, TLSClientContext(roots: [root]), [("Authorization", "Basic \(credentials)")])
  }

  /// Requests a certificate that replaces `chain.first`, whose key is `key`.
  ///
  /// - Parameter roots: the certificates that the server's chain may end in.
  /// - Returns: if the answer does not lead to one of the roots, with the CAs that the server presents.
  public func renew(
    _ request: CertificateRequest, chain: [Certificate], key: PrivateKey, roots: [Certificate]
  ) throws -> Answer {
    let tls = try TLSClientContext(certificateChain: chain, privateKey: key, roots: roots, namesRoots: true)
    let answer = try issued(.simplereenroll, request, tls, [])
    let paths = PathSearch.paths(
      from: answer.certificate, others: Array(chain.dropFirst()) + answer.others, roots: roots,
      maximumLength: Self.maximumChain, at: Int64(time(nil)))
    if !paths.isEmpty { return answer }
    // RFC 7030 section 4.1: a server whose CA has changed says so there.
    let authorities = (try? certificates(.cacerts, tls)) ?? []
    return (answer.certificate, answer.others + authorities)
  }

  /// The maximum time that a server's wishes are waited for, in seconds. Whoever started this can do so again later.
  private static let patience = 30

  private func issued(
    _ operation: EnrolmentOperation, _ request: CertificateRequest, _ tls: TLSClientContext,
    _ headers: [(String, String)]
  ) throws -> Answer {
    let type = [("Content-Type", EnrolmentOperation.requestType), ("Content-Transfer-Encoding", "base64")]
    let body = Base64Body.encode(request.der)
    var waited = 0
    var reply = try ask(operation, tls, headers + type, body)
    while reply.status == 202 {
      let wait = RetryAfter.seconds(reply.retryAfter, now: Int64(time(nil)))
      guard waited + wait <= Self.patience else { throw pending(wait, reply.body) }
      waited += wait
      RetryAfter.pause(wait)
      reply = try ask(operation, tls, headers + type, body)
    }
    let found = try certificates(in: reply)
    guard let own = found.first(where: { $0.isCertificate(for: request) }) else {
      throw EnrolmentError.unusable("\(self) answered with a certificate for another key")
    }
    return (own, found.filter { $0 != own })
  }

  private func pending(_ wait: Int, _ body: [UInt8]) -> EnrolmentError {
    let line = EnrolmentError.firstLine(body)
    return .pending(
      "\(self) has not issued the certificate yet (HTTP 202\(line.isEmpty ? "" : ": \(line)")): the request is pending, for example "
        + "until somebody approves it; send it again with the same command, in \(wait) s or later; its key is kept")
  }

  private func certificates(_ operation: EnrolmentOperation, _ tls: TLSClientContext) throws -> [Certificate] {
    try certificates(in: try ask(operation, tls, [], nil))
  }

  private func ask(
    _ operation: EnrolmentOperation, _ tls: TLSClientContext, _ headers: [(String, String)], _ body: [UInt8]?
  ) throws -> ServerExchange.Reply {
    try ask(operation.method, operation.path, tls, headers, body, limit: Self.maximumAnswer)
  }

  /// - Parameter limit: the maximum size of the answer, in bytes.
  func ask(
    _ method: String, _ path: String, _ tls: TLSClientContext, _ headers: [(String, String)], _ body: [UInt8]? = nil,
    limit: Int
  ) throws -> ServerExchange.Reply {
    do {
      return try ServerExchange(address, tls: tls, limits: .init(answerBytes: limit))
        .ask(method, path, headers: headers, body: body)
    } catch let error as HTTPSError {
      throw EnrolmentError(error)
    }
  }

  private func certificates(in reply: ServerExchange.Reply) throws -> [Certificate] {
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
