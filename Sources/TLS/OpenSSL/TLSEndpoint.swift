import COpenSSL

/// The one owner of an SSL, and what both sides of a TLS connection do alike once there is one. Belongs to one thread at a time.
public class TLSEndpoint {
  let pointer: OpaquePointer
  /// Of the subclass, whose own properties go before SSL_free(3) is called.
  private let context: AnyObject

  /// Takes over `pointer`, which was made in `context`.
  init(owning pointer: OpaquePointer, of context: AnyObject) {
    self.pointer = pointer
    self.context = context
  }

  deinit { SSL_free(pointer) }

  /// Decrypts into `target`, which must not be empty.
  public final func read(into target: UnsafeMutableRawBufferPointer) -> ReadProgress {
    ERR_clear_error()
    let count = SSL_read(pointer, target.baseAddress, Int32(clamping: target.count))
    if count > 0 { return .bytes(Int(count)) }
    switch SSL_get_error(pointer, count) {
    case SSL_ERROR_WANT_READ: return .wantsInput
    case SSL_ERROR_ZERO_RETURN: return .closed
    default: return .failed(.take("read from TLS connection"))
    }
  }

  /// Encrypts all of `plaintext`.
  public final func write(_ plaintext: UnsafeRawBufferPointer) throws(OpenSSLError) {
    if plaintext.isEmpty { return }  // SSL_write(3) takes nothing for an error
    ERR_clear_error()
    var written = 0
    // What takes the ciphertext takes all there is, so there is no partial success and nothing to wait for.
    try checked("write to TLS connection", SSL_write_ex(pointer, plaintext.baseAddress, plaintext.count, &written))
  }

  /// Sends close_notify: nothing more will be written. The peer may still be read from.
  public final func closeOutput() {
    ERR_clear_error()
    SSL_shutdown(pointer)
    ERR_clear_error()
  }
}

/// What came of reading.
public enum ReadProgress: Equatable, Sendable {
  /// So many bytes of plaintext.
  case bytes(Int)
  /// More ciphertext from the peer is needed.
  case wantsInput
  /// The peer has sent close_notify: it will send nothing more.
  case closed
  /// The connection is over. An alert for the peer may be in the output.
  case failed(OpenSSLError)
}
