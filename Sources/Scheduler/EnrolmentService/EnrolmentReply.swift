import EnrolmentProtocol
import FoundationEssentials
import Logging
import MetricsText
import NIOHTTP1
import OpenSSL
import Values

/// An answer, and what is logged about it.
struct EnrolmentReply: Sendable {
  let status: HTTPResponseStatus
  var headers: [(String, String)]
  let body: [UInt8]
  /// One line for the log.
  let summary: String
  var facts: Logger.Metadata = [:]
  /// Whether the client sent a wrong code.
  var isWrongCode = false

  static let tooLarge = EnrolmentReply(.payloadTooLarge, "a request has at most \(EnrolmentHandler.maximumBody) bytes")
  static let tooMany = EnrolmentReply(
    .tooManyRequests, "too many requests from your address; try again in a minute", [("Retry-After", "60")])

  /// Creates a refusal, whose body has the reason; RFC 7030 section 4.2.3.
  init(_ status: HTTPResponseStatus, _ reason: String, _ headers: [(String, String)] = [], detail: String? = nil) {
    self.status = status
    self.headers = [("Content-Type", "text/plain; charset=utf-8")] + headers
    body = Array("\(reason)\n".utf8)
    summary = detail ?? reason
  }

  private init(_ refusal: EnrolmentRefusal) {
    let status: HTTPResponseStatus =
      switch refusal.kind {
      case .malformed: .badRequest
      case .unauthorized: .unauthorized
      case .forbidden: .forbidden
      case .tooMany: .tooManyRequests
      case .absent: .notFound
      case .failed: .internalServerError
      }
    let challenge = [("WWW-Authenticate", "Basic realm=\"enrolment code\", charset=\"UTF-8\"")]
    let headers =
      switch refusal.kind {
      case .unauthorized: challenge
      case .tooMany: [("Retry-After", "21600")]
      default: [(String, String)]()
      }
    self.init(status, refusal.reason, headers, detail: refusal.detail)
    isWrongCode = refusal.kind == .unauthorized
  }

  private init(_ certificates: [Certificate], _ summary: String, isEnrolment: Bool) throws(OpenSSLError) {
    status = .ok
    let type = EnrolmentOperation.certificatesType + (isEnrolment ? "; smime-type=certs-only" : "")
    headers = [("Content-Type", type), ("Content-Transfer-Encoding", "base64")]
    body = Base64Body.encode(try CertificatesMessage.der(certificates))
    self.summary = summary
  }

  /// Executes a request whose path, method and type are valid.
  static func to(
    _ head: HTTPRequestHead, _ body: [UInt8], _ client: Certificate?, _ authority: any EnrolmentAuthority,
    _ counts: EnrolmentCounts
  ) -> EnrolmentReply {
    do {
      if head.uri == metricsPath { return try metrics(client, authority, counts) }
      if let root = RevocationListResource.root(in: head.uri) { return try list(of: root, head, authority) }
      switch EnrolmentOperation.allCases.first(where: { $0.path == head.uri }) {
      case .cacerts?:
        return try EnrolmentReply(
          try authority.authorityCertificates(), "CA certificates handed out", isEnrolment: false)
      case .simpleenroll?: return try enrol(head, body, authority)
      case .simplereenroll?: return try renew(body, client, authority)
      case nil: return EnrolmentReply(.notFound, "there is no such resource")
      }
    } catch let refusal as EnrolmentRefusal {
      return EnrolmentReply(refusal)
    } catch {
      return EnrolmentReply(.internalServerError, "the service failed; its log says why", detail: "\(error)")
    }
  }

  /// The default path of Prometheus.
  static let metricsPath = "/metrics"

  /// Returns the name under which requests for this path are counted.
  static func resource(_ path: String) -> String {
    if path == metricsPath { return "metrics" }
    if RevocationListResource.root(in: path) != nil { return "crl" }
    return EnrolmentOperation.allCases.first { $0.path == path }?.rawValue ?? "none"
  }

  private static func metrics(
    _ client: Certificate?, _ authority: any EnrolmentAuthority, _ counts: EnrolmentCounts
  ) throws -> EnrolmentReply {
    var page = Exposition()
    try authority.addMetrics(to: &page, for: client)
    counts.add(to: &page)
    return EnrolmentReply(page)
  }

  private init(_ page: Exposition) {
    status = .ok
    headers = [("Content-Type", Exposition.contentType)]
    body = Array(page.text.utf8)
    summary = "metrics read"
  }

  /// Answers with the list of a root, or that the client has it (RFC 9110 section 13.1.2).
  private static func list(
    of root: Thumbprint, _ head: HTTPRequestHead, _ authority: any EnrolmentAuthority
  ) throws -> EnrolmentReply {
    guard let list = try authority.revocationList(of: root) else {
      throw EnrolmentRefusal(.absent, "no list of that root is published here")
    }
    let isKnown = RevocationListResource.matches(head.headers["if-none-match"], list.thumbprint)
    return EnrolmentReply(list, isKnown: isKnown)
  }

  private init(_ list: PublishedList, isKnown: Bool) {
    status = isKnown ? .notModified : .ok
    headers = [("ETag", RevocationListResource.tag(of: list.thumbprint)), ("Cache-Control", "no-cache")]
    if !isKnown { headers.append(("Content-Type", RevocationListResource.mediaType)) }
    body = isKnown ? [] : list.der
    summary = "revocation list handed out"
    facts = ["number": "\(list.number)", "bytes": .stringConvertible(list.der.count)]
  }

  private static func enrol(
    _ head: HTTPRequestHead, _ body: [UInt8], _ authority: any EnrolmentAuthority
  ) throws -> EnrolmentReply {
    guard let credentials = BasicCredentials(head.headers["authorization"]) else {
      var reply = EnrolmentReply(
        EnrolmentRefusal(.unauthorized, "an enrolment code is needed, as the password of HTTP Basic authentication"))
      // This may be the first request of a client that waits for a challenge.
      reply.isWrongCode = false
      return reply
    }
    let outcome = authority.enrol(
      request: try decoded(body), user: credentials.user, password: credentials.password)
    return try EnrolmentReply(outcome, "certificate issued for a code")
  }

  private static func renew(
    _ body: [UInt8], _ client: Certificate?, _ authority: any EnrolmentAuthority
  ) throws -> EnrolmentReply {
    guard let client else {
      throw EnrolmentRefusal(.forbidden, "present the certificate to be renewed in the TLS handshake")
    }
    return try EnrolmentReply(
      authority.renew(request: try decoded(body), by: client), "certificate renewed")
  }

  private init(_ outcome: EnrolmentOutcome, _ summary: String) throws {
    switch outcome {
    case .refused(let refusal): throw refusal
    case .issued(let certificate, let agentName):
      try self.init([certificate], summary, isEnrolment: true)
      facts = [
        "agent": "\(agentName)", "thumbprint": "\(certificate.sha256Thumbprint)",
        "serial": "\(certificate.serialNumber)",
      ]
    }
  }

  private static func decoded(_ body: [UInt8]) throws(EnrolmentRefusal) -> [UInt8] {
    guard let der = Base64Body.decode(body), !der.isEmpty else {
      throw EnrolmentRefusal(.malformed, "the body is not base64")
    }
    return der
  }
}

/// The credentials of HTTP Basic authentication (RFC 7617).
struct BasicCredentials {
  let user: String
  let password: String

  /// - Parameter fields: all `Authorization` fields; there must be exactly one.
  init?(_ fields: [String]) {
    guard fields.count == 1, fields[0].utf8.count <= 1024 else { return nil }
    let words = fields[0].split(separator: " ", omittingEmptySubsequences: true)
    guard words.count == 2, words[0].lowercased() == "basic", let bytes = Data(base64Encoded: String(words[1])),
      let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":")
    else { return nil }
    user = String(text[..<colon])
    password = String(text[text.index(after: colon)...])
  }
}
