import COpenSSL

/// A handshake in memory between a server context and a client with OpenSSL's default settings, as curl and Python have them.
public enum TrialHandshake {
  /// The versions of TLS that a trial can use.
  public enum Version: CaseIterable, Sendable, CustomStringConvertible {
    case tls12, tls13

    /// `TLS 1.2` or `TLS 1.3`.
    public var description: String { self == .tls12 ? "TLS 1.2" : "TLS 1.3" }

    fileprivate var number: Int32 { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
  }

  /// The result of a trial.
  public enum Outcome: Equatable, Sendable {
    /// The system's configuration does not allow the version.
    case notAllowed
    /// Complete. A client that verifies certificates has this objection to the server's, if any.
    case complete(objection: String?)
    /// No handshake, for this reason.
    case failed(String)
  }

  /// Lets a client that trusts `root` connect to a server. The time and the name of the server are not checked.
  ///
  /// - Parameter server: must admit anonymous clients.
  public static func run(
    _ server: TLSServerContext, trusting root: Certificate, _ version: Version
  ) throws(OpenSSLError) -> Outcome {
    if cssl_SSL_CTX_get_min_proto_version(server.pointer) > version.number { return .notAllowed }
    let output = Output()
    let (client, connection) = (
      try TrialClient(trusting: root, version.number), try TLSConnection(server, sink: output)
    )
    // Four flights; each round carries one in each direction.
    for _ in 0..<8 {
      if let error = client.handshake() { return .failed(error.reason) }
      let sent = client.takeOutput()
      let progress = sent.withUnsafeBytes { bytes in connection.receive(bytes) { connection.handshake() } }
      client.receive(output.take())
      switch progress {
      case .complete: return .complete(objection: client.objection)
      case .wantsInput: continue
      case .failed(let failure):
        // The client's own reason if it has one: the server knows only the alert.
        let error = client.handshake()
        if case .noCommonParameters(let text) = failure { return .failed(text) }
        return .failed(error.flatMap { $0.alert == nil ? $0.reason : nil } ?? failure.description)
      }
    }
    return .failed("the handshake does not end")
  }

  private final class Output: CiphertextSink {
    private var bytes: [UInt8] = []

    func write(ciphertext: UnsafeRawBufferPointer) { bytes += ciphertext }

    func take() -> [UInt8] {
      defer { bytes = [] }
      return bytes
    }
  }
}

/// A client with OpenSSL's defaults, which notes its objections to the server's certificate and continues.
private final class TrialClient {
  private let context: OpaquePointer
  private let connection: OpaquePointer
  /// Owned by `connection`.
  private let input: OpaquePointer
  private let output: OpaquePointer
  private(set) var objection: String?

  init(trusting root: Certificate, _ version: Int32) throws(OpenSSLError) {
    let operation = "make a trial client"
    ERR_clear_error()
    context = try checked(operation, SSL_CTX_new(TLS_client_method()))
    connection = try checked(operation, SSL_new(context))
    input = try checked(operation, BIO_new(BIO_s_mem()))
    output = try checked(operation, BIO_new(BIO_s_mem()))
    SSL_set_bio(connection, input, output)
    try checked(operation, cssl_SSL_set_min_proto_version(connection, version))
    try checked(operation, cssl_SSL_set_max_proto_version(connection, version))
    try checked(operation, X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.pointer))
    X509_VERIFY_PARAM_set_flags(SSL_get0_param(connection), UInt(X509_V_FLAG_NO_CHECK_TIME))
    SSL_set_ex_data(connection, 0, Unmanaged.passUnretained(self).toOpaque())
    SSL_set_verify(connection, SSL_VERIFY_PEER, noteObjection)
    SSL_set_connect_state(connection)
  }

  deinit {
    SSL_free(connection)
    SSL_CTX_free(context)
  }

  /// Continues the handshake. Returns why it failed; `nil` if it is complete or needs more input.
  func handshake() -> OpenSSLError? {
    ERR_clear_error()
    let outcome = SSL_do_handshake(connection)
    if outcome == 1 || SSL_get_error(connection, outcome) == SSL_ERROR_WANT_READ { return nil }
    return .take("complete TLS handshake")
  }

  func takeOutput() -> [UInt8] {
    let count = BIO_ctrl_pending(output)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = Int(max(0, BIO_read(output, buffer.baseAddress, Int32(clamping: count))))
    }
  }

  func receive(_ bytes: [UInt8]) { _ = BIO_write(input, bytes, Int32(clamping: bytes.count)) }

  fileprivate func note(_ text: String) { objection = objection ?? text }
}

/// SSL_set_verify(3).
private let noteObjection: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isGood, context in
  if isGood == 1 { return 1 }
  let client = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx())
    .flatMap { SSL_get_ex_data(OpaquePointer($0), 0) }
    .map { Unmanaged<TrialClient>.fromOpaque($0).takeUnretainedValue() }
  client?.note(String(cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context)))))
  return 1
}
