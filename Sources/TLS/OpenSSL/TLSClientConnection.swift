import COpenSSL
import Glibc

/// The client side of a TLS connection (an SSL), without a socket: the caller passes ciphertext in and out. For one thread at a time.
public final class TLSClientConnection: TLSEndpoint {
  let context: TLSClientContext
  private let serverName: String
  /// Owned by `pointer`.
  private let input: OpaquePointer
  private let output: OpaquePointer
  /// The first objection to the server's certificate.
  private var objection: String?

  /// Creates a connection that has not sent anything yet.
  ///
  /// - Parameter serverName: the DNS name or IP address that the server's certificate must be valid for.
  public init(_ context: TLSClientContext, serverName: String) throws(OpenSSLError) {
    ERR_clear_error()
    let ssl = try checked("make TLS connection", SSL_new(context.pointer))
    self.context = context
    self.serverName = serverName
    input = try checked("make TLS connection", BIO_new(BIO_s_mem()))
    output = try checked("make TLS connection", BIO_new(BIO_s_mem()))
    super.init(owning: ssl, of: context)
    SSL_set_bio(pointer, input, output)
    SSL_set_ex_data(pointer, 0, Unmanaged.passUnretained(self).toOpaque())
    if context.verifiesServer {
      SSL_set_verify(pointer, SSL_VERIFY_PEER, noteObjection)
      try expect(serverName)
    }
    SSL_set_connect_state(pointer)
  }

  private func expect(_ name: String) throws(OpenSSLError) {
    let parameters = SSL_get0_param(pointer)
    // Only alternative names count as a certificate's names; RFC 9525 section 2.
    X509_VERIFY_PARAM_set_hostflags(
      parameters, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return }
    ERR_clear_error()
    try checked("expect server \(name)", X509_VERIFY_PARAM_set1_host(parameters, name, 0))
    try checked("name server \(name)", cssl_SSL_set_tlsext_host_name(pointer, name))
  }

  /// Accepts ciphertext from the server.
  public func receive(_ ciphertext: UnsafeRawBufferPointer) {
    // A memory BIO accepts everything unless memory is exhausted, which then shows as a broken record.
    _ = BIO_write(input, ciphertext.baseAddress, Int32(clamping: ciphertext.count))
  }

  /// Copies ciphertext for the server into `target`; returns the number of bytes, 0 if there are no more.
  public func send(into target: UnsafeMutableRawBufferPointer) -> Int {
    let count = Int(max(0, BIO_read(output, target.baseAddress, Int32(clamping: target.count))))
    ERR_clear_error()
    return count
  }

  /// Continues the handshake.
  public func handshake() -> ServerHandshakeProgress {
    ERR_clear_error()
    let outcome = SSL_do_handshake(pointer)
    if outcome == 1 { return .complete }
    if SSL_get_error(pointer, outcome) == SSL_ERROR_WANT_READ { return .wantsInput }
    let error = OpenSSLError.take("complete TLS handshake")
    if let objection { return .failed(.serverRefused(reason: objection)) }
    return .failed(ServerHandshakeFailure(error))
  }

  /// Keeps the first objection, which causes the others.
  fileprivate func note(_ code: Int32, _ certificate: Certificate?) {
    if objection != nil { return }
    let words = String(cString: X509_verify_cert_error_string(Int(code)))
    guard let certificate else {
      objection = "the server's certificate is not acceptable: \(words)"
      return
    }
    objection = self.words(about: certificate, code, serverName) ?? "certificate \(certificate): \(words)"
  }
}

extension TLSClientConnection {
  fileprivate static func of(_ context: OpaquePointer) -> TLSClientConnection? {
    X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx())
      .flatMap { SSL_get_ex_data(OpaquePointer($0), 0) }
      .map { Unmanaged<TLSClientConnection>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Returns whether OpenSSL considers a path to a root valid that it did not find itself.
  fileprivate func findsOtherPath(_ context: OpaquePointer) -> Bool {
    guard let paths = self.context.paths, let leaf = X509_STORE_CTX_get0_cert(context) else { return false }
    let others = CertificateStack.certificates(X509_STORE_CTX_get0_untrusted(context))
    let found = paths.paths(
      from: Certificate(sharing: leaf), presented: others, at: Int64(time(nil)), X509_STORE_CTX_get0_param(context)
    ).contains { $0.findings.isEmpty }
    if found { objection = nil }
    return found
  }

  /// Returns whether the caller has no objection to the server, whose certificate is valid.
  fileprivate func accepts(_ context: OpaquePointer) -> Bool {
    guard let leaf = X509_STORE_CTX_get0_cert(context) else { return false }
    objection = self.context.objection(Certificate(sharing: leaf))
    return objection == nil
  }
}

/// SSL_CTX_set_cert_verify_callback(3): OpenSSL's own verification, then that of the paths that it has not tried.
let verifyServer: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { context, _ in
  guard let context, let connection = TLSClientConnection.of(context) else { return 0 }
  guard X509_verify_cert(context) == 1 || connection.findsOtherPath(context) else { return 0 }
  guard connection.accepts(context) else {
    X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_REVOKED)
    return 0
  }
  X509_STORE_CTX_set_error(context, X509_V_OK)
  return 1
}

/// SSL_set_verify(3): keeps OpenSSL's verdict and records the reason.
private let noteObjection: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isGood, context in
  if isGood == 1 { return 1 }
  guard let context, let connection = TLSClientConnection.of(context) else { return 0 }
  let certificate = X509_STORE_CTX_get_current_cert(context).map { Certificate(sharing: $0) }
  connection.note(X509_STORE_CTX_get_error(context), certificate)
  return 0
}

/// The progress of a handshake with a server.
public enum ServerHandshakeProgress: Equatable, Sendable {
  /// Complete; the server has authenticated.
  case complete
  /// More ciphertext from the server is needed.
  case wantsInput
  /// Failed.
  case failed(ServerHandshakeFailure)
}

/// Why a TLS connection to a server failed or ended, classified by who must act.
public enum ServerHandshakeFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// We do not accept the server's certificate.
  case serverRefused(reason: String)
  /// The server refuses our certificate or requires one; the name of its alert.
  case clientRefused(alert: String)
  /// The server has a fault, possibly a temporary one; the name of its alert.
  case serverFault(alert: String)
  /// The peer does not speak a TLS that we support.
  case notTLS(String)

  /// One line.
  public var description: String {
    switch self {
    case .serverRefused(let reason): reason
    case .clientRefused(let alert):
      "the server does not accept our certificate (\(alert)): \(alert == Self.uncheckable ? Self.staleList : "its log says why")"
    case .serverFault(let alert): "the server aborted the connection (\(alert)): its log says why"
    case .notTLS(let text): "the TLS handshake failed: \(text)"
    }
  }

  /// Classifies OpenSSL's error.
  ///
  /// In TLS 1.3 a server's refusal arrives after the client has completed the handshake, as the error of a read.
  public init(_ error: OpenSSLError) {
    guard let alert = error.alert else {
      let codes = error.reasons.filter { $0.libraryNumber == Int32(ERR_LIB_SSL) }.map(\.reasonNumber)
      self = .notTLS(
        Self.otherProtocol.isDisjoint(with: codes)
          ? error.reason : "the server does not speak TLS: another program listens there; check address and port")
      return
    }
    let name = String(cString: SSL_alert_desc_string_long(alert))
    self =
      alert == SSL_AD_INTERNAL_ERROR
      ? .serverFault(alert: name)
      : Self.aboutTheClient.contains(alert) ? .clientRefused(alert: name) : .notTLS("the server's alert \(name)")
  }

  /// OpenSSL's reasons for an answer that is not a TLS record.
  private static let otherProtocol: Set<Int32> = [
    SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_HTTP_REQUEST, SSL_R_UNKNOWN_PROTOCOL,
    SSL_R_BAD_RECORD_TYPE, SSL_R_RECORD_LENGTH_MISMATCH,
  ]

  /// The name of the alert that agentd sends when it cannot tell whether a certificate was revoked.
  private static let uncheckable = String(cString: SSL_alert_desc_string_long(SSL_AD_CERTIFICATE_UNKNOWN))
  private static let staleList =
    "an agentd says this when its revocation list of our CA has expired or is unusable; it needs a newer list, and its log says which"

  private static let aboutTheClient: Set<Int32> = [
    SSL_AD_BAD_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_CERTIFICATE_REVOKED, SSL_AD_CERTIFICATE_EXPIRED,
    SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNKNOWN_CA, SSL_AD_ACCESS_DENIED, SSL_AD_DECRYPT_ERROR,
    SSL_AD_HANDSHAKE_FAILURE, SSL_AD_CERTIFICATE_REQUIRED,
  ]
}
