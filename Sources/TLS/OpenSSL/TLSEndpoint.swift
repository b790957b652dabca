import COpenSSL

/// The sole owner of an SSL, with what both sides of a TLS connection have in common. For one thread at a time.
public class TLSEndpoint {
  let pointer: OpaquePointer
  /// The context of the subclass, whose own properties are released before SSL_free(3) is called.
  private let context: AnyObject

  /// Takes ownership of `pointer`, which was created in `context`.
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
    if plaintext.isEmpty { return }  // SSL_write(3) treats an empty write as an error
    ERR_clear_error()
    var written = 0
    // The receiver of the ciphertext accepts everything, so no write is partial or has to wait.
    try checked("write to TLS connection", SSL_write_ex(pointer, plaintext.baseAddress, plaintext.count, &written))
  }

  /// Sends close_notify: nothing more will be written. Reading from the peer remains possible.
  public final func closeOutput() {
    ERR_clear_error()
    SSL_shutdown(pointer)
    ERR_clear_error()
  }
}

/// The result of a read.
public enum ReadProgress: Equatable, Sendable {
  /// The number of bytes of plaintext.
  case bytes(Int)
  /// More ciphertext from the peer is needed.
  case wantsInput
  /// The peer has sent close_notify: it will send nothing more.
  case closed
  /// The connection has ended. An alert for the peer may be in the output.
  case failed(OpenSSLError)
}
