import COpenSSL

/// Takes the ciphertext that a `TLSConnection` makes.
public protocol CiphertextSink: AnyObject {
  /// Appends `ciphertext`, which is lent for this call only, to what is to be sent.
  func write(ciphertext: UnsafeRawBufferPointer)
}

/// One TLS connection on the server's side (an SSL), without a socket: ciphertext is lent to it call by call, and what
/// it wants to send goes to its sink in the same call. Belongs to one thread at a time.
public final class TLSConnection {
  private let pointer: OpaquePointer
  private let context: TLSServerContext
  private unowned let sink: any CiphertextSink
  /// What is left of the ciphertext lent by `receive(_:during:)`.
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  private var refusal: String?
  private var opening = Opening()
  /// The client's certificate: presented, and verified once the handshake is over.
  public private(set) var clientCertificate: Certificate?

  /// A connection that waits for the client's first bytes.
  ///
  /// - Parameter sink: has to outlive the connection.
  public init(_ context: TLSServerContext, sink: any CiphertextSink) throws(OpenSSLError) {
    ERR_clear_error()
    pointer = try checked("make TLS connection", SSL_new(context.pointer))
    self.context = context
    self.sink = sink
    let bio = try checked("make TLS connection", BIO_new(ConnectionBIO.method.pointer))
    BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
    SSL_set_bio(pointer, bio, bio)
    SSL_set_ex_data(pointer, 0, Unmanaged.passUnretained(self).toOpaque())
    SSL_set_accept_state(pointer)
  }

  deinit { SSL_free(pointer) }

  /// Lends ciphertext from the client to the calls that `body` makes. What they leave is lost, therefore `body` has to
  /// go on until one of them wants more input, or the connection is over.
  public func receive<Result>(_ ciphertext: UnsafeRawBufferPointer, during body: () throws -> Result) rethrows -> Result
  {
    opening.append(ciphertext)
    input = ciphertext
    defer { input = UnsafeRawBufferPointer(start: nil, count: 0) }
    return try body()
  }

  /// Goes on with the handshake.
  public func handshake() -> HandshakeProgress {
    ERR_clear_error()
    let outcome = SSL_do_handshake(pointer)
    if outcome == 1 { return .complete }
    if SSL_get_error(pointer, outcome) == SSL_ERROR_WANT_READ { return .wantsInput }
    let error = OpenSSLError.take("complete TLS handshake")
    if let refusal { return .failed(.refused(reason: refusal)) }
    return .failed(
      HandshakeFailure(
        error, opening: opening, clientSubject: clientCertificate?.subject,
        certificateLimit: context.maximumClientCertificateBytes))
  }

  /// Why the handshake is over when the client closes the connection now.
  public var closedByClient: HandshakeFailure { .closed(wasSilent: opening.isEmpty) }

  /// Decrypts into `target`, which must not be empty.
  public func read(into target: UnsafeMutableRawBufferPointer) -> ReadProgress {
    ERR_clear_error()
    let count = SSL_read(pointer, target.baseAddress, Int32(clamping: target.count))
    if count > 0 { return .bytes(Int(count)) }
    switch SSL_get_error(pointer, count) {
    case SSL_ERROR_WANT_READ: return .wantsInput
    case SSL_ERROR_ZERO_RETURN: return .closed
    default: return .failed(.take("read from TLS connection"))
    }
  }

  /// Encrypts all of `plaintext` into the sink.
  public func write(_ plaintext: UnsafeRawBufferPointer) throws(OpenSSLError) {
    if plaintext.isEmpty { return }  // SSL_write(3) takes nothing for an error
    ERR_clear_error()
    var written = 0
    // The sink takes all there is, so there is no partial success and nothing to wait for.
    try checked("write to TLS connection", SSL_write_ex(pointer, plaintext.baseAddress, plaintext.count, &written))
  }

  /// Sends close_notify: nothing more will be written. The client may still be read from.
  public func closeOutput() {
    ERR_clear_error()
    SSL_shutdown(pointer)
    ERR_clear_error()
  }
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
    if case .refused(_, let reason) = verdict { refusal = reason }
  }

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

/// What came of reading.
public enum ReadProgress: Equatable, Sendable {
  /// So many bytes of plaintext.
  case bytes(Int)
  /// More ciphertext from the client is needed.
  case wantsInput
  /// The client has sent close_notify: it will send nothing more.
  case closed
  /// The connection is over. An alert for the client may be in the sink.
  case failed(OpenSSLError)
}
