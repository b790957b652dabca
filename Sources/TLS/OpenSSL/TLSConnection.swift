import COpenSSL

/// Takes the ciphertext that a `TLSConnection` makes.
public protocol CiphertextSink: AnyObject {
  /// Appends `ciphertext`, which is lent for this call only, to what is to be sent.
  func write(ciphertext: UnsafeRawBufferPointer)
}

/// One TLS connection on the server's side (an SSL), without a socket: ciphertext is lent to it call by call, and what
/// it wants to send goes to its sink in the same call. Belongs to one thread at a time.
public final class TLSConnection: TLSEndpoint {
  private let context: TLSServerContext
  private unowned let sink: any CiphertextSink
  /// What is left of the ciphertext lent by `receive(_:during:)`.
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  private var refusal: HandshakeFailure?
  private var opening = Opening()
  /// Whether the handshake may be complete without a client's certificate.
  public var admitsAnonymousClient: Bool { context.admitsAnonymousClients }
  /// References to certificates of libssl's own that others have taken the place of.
  private var displaced: [OpaquePointer] = []
  /// The client's certificate: presented, and verified once the handshake is over.
  public private(set) var clientCertificate: Certificate?

  /// A connection that waits for the client's first bytes.
  ///
  /// - Parameter sink: has to outlive the connection.
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

  /// Lends ciphertext from the client to the calls that `body` makes. What they leave is lost, therefore `body` has to
  /// go on until one of them wants more input, or the connection is over.
  public func receive<Result>(_ ciphertext: UnsafeRawBufferPointer, during body: () throws -> Result) rethrows -> Result
  {
    opening.append(ciphertext)
    input = ciphertext
    defer { input = UnsafeRawBufferPointer(start: nil, count: 0) }
    return try body()
  }

  /// Whether there is something to read from: of the ciphertext that is lent, or in OpenSSL. If there is not, a call more would
  /// only find that out.
  public var hasMoreInput: Bool { !input.isEmpty || SSL_has_pending(pointer) == 1 }

  /// Goes on with the handshake.
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

  /// Why the handshake is over when the client closes the connection now.
  public var closedByClient: HandshakeFailure { .closed(wasSilent: opening.isEmpty) }
}

/// What is known when the handshake is over.
extension TLSConnection {
  /// `TLSv1.2` or `TLSv1.3`.
  public var version: String { String(cString: SSL_get_version(pointer)) }

  /// OpenSSL's name of the cipher suite.
  public var cipher: String { String(cString: cssl_SSL_cipher_name(pointer)) }

  /// The protocol agreed on by ALPN; nil where the client offered none.
  public var applicationProtocol: String? {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(pointer, &name, &count)
    return name.map { String(decoding: UnsafeBufferPointer(start: $0, count: Int(count)), as: UTF8.self) }
  }

  /// What the client presented, to be judged again; nil before it has. Nothing is kept for this but OpenSSL's own.
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

/// The ends of the connection that OpenSSL calls.
extension TLSConnection {
  static func of(_ ssl: UnsafeMutableRawPointer?) -> TLSConnection? {
    ssl.flatMap { SSL_get_ex_data(OpaquePointer($0), 0) }
      .map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
  }

  func note(_ certificate: Certificate, _ verdict: PeerVerdict) {
    clientCertificate = certificate
    if case .refused(_, let rule, let reason) = verdict { refusal = .refused(rule: rule, reason: reason) }
  }

  /// Takes over a reference to a certificate that libssl still looks at in the present call.
  func keepDuringCall(_ certificate: OpaquePointer) { displaced.append(certificate) }

  /// Copies as much as there is and fits. 0 for no more input now.
  func take(into target: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(target.count, input.count)
    guard count > 0 else { return 0 }
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
    input = UnsafeRawBufferPointer(rebasing: input[count...])
    return count
  }

  func give(_ ciphertext: UnsafeRawBufferPointer) { sink.write(ciphertext: ciphertext) }
}

/// How far a handshake is.
public enum HandshakeProgress: Equatable, Sendable {
  /// Over; the client's certificate is verified and its key proven.
  case complete
  /// More ciphertext from the client is needed.
  case wantsInput
  /// Over without success. An alert for the client may be in the sink.
  case failed(HandshakeFailure)
}
