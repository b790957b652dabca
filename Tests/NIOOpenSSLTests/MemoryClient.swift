import COpenSSL
import OpenSSL
import TestCertificates

/// A TLS client without a socket: bytes from the server go in, bytes for the server come out.
final class MemoryClient {
  private let context: OpaquePointer
  private let connection: OpaquePointer
  private let input: OpaquePointer
  private let output: OpaquePointer

  /// - Parameters:
  ///   - version: `TLS1_2_VERSION` or `TLS1_3_VERSION`.
  ///   - key: a key instead of the credential's.
  ///   - cipher: the only cipher offered, by its OpenSSL name.
  init(
    _ credential: Credential?, root: Credential, version: Int32 = TLS1_3_VERSION, key: PrivateKey? = nil,
    cipher: String? = nil
  ) throws {
    let pointers = (SSL_CTX_new(TLS_client_method()), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
    guard let context = pointers.0, let input = pointers.1, let output = pointers.2 else { throw Failed() }
    _ = cssl_SSL_CTX_set_min_proto_version(context, version)
    _ = cssl_SSL_CTX_set_max_proto_version(context, version)
    if let cipher {
      let outcome =
        version == TLS1_3_VERSION
        ? SSL_CTX_set_ciphersuites(context, cipher) : SSL_CTX_set_cipher_list(context, cipher)
      guard outcome == 1 else { throw Failed() }
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    guard SSL_CTX_load_verify_locations(context, root.certificatePath, nil) == 1 else { throw Failed() }
    if let credential {
      guard SSL_CTX_use_certificate_chain_file(context, credential.chainPath) == 1,
        key.map({ SSL_CTX_use_PrivateKey(context, $0.pointer) })
          ?? SSL_CTX_use_PrivateKey_file(context, credential.keyPath, SSL_FILETYPE_PEM) == 1
      else { throw Failed() }
    }
    guard let connection = SSL_new(context) else { throw Failed() }
    SSL_set_bio(connection, input, output)
    SSL_set_connect_state(connection)
    (self.context, self.connection, self.input, self.output) = (context, connection, input, output)
  }

  /// The number of CAs that the server has named.
  var namedAuthorities: Int {
    SSL_get0_peer_CA_list(connection).map { Int(OPENSSL_sk_num($0)) } ?? 0
  }

  deinit {
    SSL_free(connection)
    SSL_CTX_free(context)
  }

  struct Failed: Error {}

  /// Returns everything to be sent to the server.
  func takeOutput() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var all: [UInt8] = []
    while case let count = BIO_read(output, &bytes, Int32(bytes.count)), count > 0 { all += bytes[..<Int(count)] }
    return all
  }

  func give(_ bytes: [UInt8]) { BIO_write(input, bytes, Int32(bytes.count)) }

  /// Continues the handshake; returns whether it is complete on this side.
  func handshake() -> Bool { SSL_do_handshake(connection) == 1 }

  func write(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { SSL_write(connection, $0.baseAddress, Int32($0.count)) }
  }

  /// Returns everything that can be decrypted now.
  func read() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    var all: [UInt8] = []
    while case let count = SSL_read(connection, &bytes, Int32(bytes.count)), count > 0 { all += bytes[..<Int(count)] }
    return all
  }

  /// A session that can be offered with early data, once a ticket has arrived.
  var session: OpaquePointer? {
    guard let session = SSL_get1_session(connection) else { return nil }
    if SSL_SESSION_get_max_early_data(session) > 0 { return session }
    SSL_SESSION_free(session)
    return nil
  }

  /// Offers a session, before the handshake.
  func offer(_ session: OpaquePointer) -> Bool { SSL_set_session(connection, session) == 1 }

  /// Sends early data for the offered session.
  func writeEarly(_ bytes: [UInt8]) -> Bool {
    var written = 0
    return SSL_write_early_data(connection, bytes, bytes.count, &written) == 1 && written == bytes.count
  }

  /// Whether the early data was accepted.
  var earlyDataStatus: Int32 { SSL_get_early_data_status(connection) }

  /// The group of the key exchange, with its number in TLS.
  var group: Int { Int(cssl_SSL_get_negotiated_group(connection)) }

  /// Sends close_notify.
  func close() { SSL_shutdown(connection) }

  /// Whether the server's close_notify has arrived.
  var isServerDone: Bool { SSL_get_shutdown(connection) & SSL_RECEIVED_SHUTDOWN != 0 }

  /// The text of the last error, for example an alert.
  var lastError: String {
    var text = ""
    while case let code = ERR_get_error(), code != 0 {
      text += ERR_reason_error_string(code).map { String(cString: $0) } ?? ""
    }
    return text
  }
}
