import COpenSSL

/// Receives the ciphertext that a `TLSConnection` produces.
public protocol CiphertextSink: AnyObject {
  /// Appends `ciphertext`, which is valid only during this call, to the data to send.
  func write(ciphertext: UnsafeRawBufferPointer)
}

/// The server side of a TLS connection (an SSL), without a socket.
///
/// Each call borrows the ciphertext received, and the sink receives what is to be sent in the same call. For one thread at a time.
public final class TLSConnection: TLSEndpoint {
  private let context: TLSServerContext
  private unowned let sink: any CiphertextSink
  /// The rest of the ciphertext borrowed by `receive(_:during:)`.
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  private var records = RecordLengths()
  private var refusal: HandshakeFailure?
  private var opening = Opening()
  /// Whether the handshake may complete without a client certificate.
  public var admitsAnonymousClient: Bool { context.admitsAnonymousClients }
  /// References to libssl's own certificates that were replaced.
  private var displaced: [OpaquePointer] = []
  /// The client's certificate as presented; verified once the handshake is complete.
  public private(set) var clientCertificate: Certificate?

  /// Creates a connection that waits for the client's first bytes.
  ///
  /// - Parameter sink: must outlive the connection.
  public init(_ context: TLSServerContext, sink: any CiphertextSink) throws(OpenSSLError) {
    ERR_clear_error()
    self.context = context
    self.sink = sink
    super.init(owning: try checked("make TLS connection", SSL_new(context.pointer)), of: context)
    let bio = try checked("make TLS connection", BIO_new(ConnectionBIO.method.pointer))
    BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
    SSL_set_bio(pointer, bio, bio)
    SSL_set_ex_data(pointer, 0, Unmanaged.passUnretained(self).toOpaque())
    SSL_set_accept_state(pointer)
  }

  /// Lends ciphertext from the client to the calls in `body`.
  ///
  /// What they do not read is lost, so `body` must continue until one of them needs more input or the connection ends.
  public func receive<Result>(_ ciphertext: UnsafeRawBufferPointer, during body: () throws -> Result) rethrows -> Result
  {
    opening.append(ciphertext)
    input = ciphertext
    defer { input = UnsafeRawBufferPointer(start: nil, count: 0) }
    return try body()
  }

  /// Whether there is data to read, in the borrowed ciphertext or in OpenSSL; if not, another read would only find that out.
  public var hasMoreInput: Bool { !input.isEmpty || SSL_has_pending(pointer) == 1 }

  /// Continues the handshake.
  public func handshake() -> HandshakeProgress {
    ERR_clear_error()
    let outcome = SSL_do_handshake(pointer)
    for certificate in displaced { X509_free(certificate) }
    displaced = []
    if outcome == 1 { return .complete }
    if SSL_get_error(pointer, outcome) == SSL_ERROR_WANT_READ { return .wantsInput }
    let error = OpenSSLError.take("complete TLS handshake")
    if let refusal { return .failed(refusal) }
    return .failed(
      HandshakeFailure(
        error, opening: opening, client: clientCertificate,
        certificateLimit: context.maximumClientCertificateBytes))
  }

  /// The failure of the handshake if the client closes the connection now.
  public var closedByClient: HandshakeFailure { .closed(wasSilent: opening.isEmpty) }
}

/// The facts known after the handshake.
extension TLSConnection {
  /// `TLSv1.2` or `TLSv1.3`.
  public var version: String { String(cString: SSL_get_version(pointer)) }

  /// The name of the cipher suite in OpenSSL.
  public var cipher: String { String(cString: cssl_SSL_cipher_name(pointer)) }

  /// The protocol negotiated by ALPN; `nil` if the client offered none.
  public var applicationProtocol: String? {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(pointer, &name, &count)
    return name.map { String(decoding: UnsafeBufferPointer(start: $0, count: Int(count)), as: UTF8.self) }
  }

  /// What the client presented, for a recheck; `nil` before that. Uses only what OpenSSL keeps anyway.
  public var presentedChain: PresentedChain? {
    clientCertificate.map { PresentedChain(leaf: $0, intermediates: Array(presentedCertificates.dropFirst())) }
  }

  /// All certificates that the client sent, its own first.
  public var presentedCertificates: [Certificate] {
    let others = CertificateStack.certificates(SSL_get_peer_cert_chain(pointer))
    guard let clientCertificate, others.first != clientCertificate else { return others }
    return [clientCertificate] + others
  }
}

/// The callbacks that OpenSSL calls.
extension TLSConnection {
  static func of(_ ssl: UnsafeMutableRawPointer?) -> TLSConnection? {
    ssl.flatMap { SSL_get_ex_data(OpaquePointer($0), 0) }
      .map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
  }

  func note(_ certificate: Certificate, _ verdict: PeerVerdict) {
    clientCertificate = certificate
    if case .refused(_, let rule, let reason) = verdict { refusal = .refused(rule: rule, reason: reason) }
  }

  /// Takes ownership of a reference to a certificate that libssl still uses in the current call.
  func keepDuringCall(_ certificate: OpaquePointer) { displaced.append(certificate) }

  /// Copies as much input as fits; 0 if there is none now.
  func take(into target: UnsafeMutableRawBufferPointer) -> Int {
    records.take(from: &input, into: target) { leastProtectedLength }
  }

  func give(_ ciphertext: UnsafeRawBufferPointer) { sink.write(ciphertext: ciphertext) }
}

/// The progress of a handshake.
public enum HandshakeProgress: Equatable, Sendable {
  /// Complete; the client's certificate is verified and it has proved possession of the key.
  case complete
  /// More ciphertext from the client is needed.
  case wantsInput
  /// Failed. An alert for the client may be in the sink.
  case failed(HandshakeFailure)
}
