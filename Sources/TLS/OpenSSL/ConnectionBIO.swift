import COpenSSL

/// The BIO between OpenSSL and a `TLSConnection`: copies bytes only once, from source to destination.
enum ConnectionBIO {
  struct Method: @unchecked Sendable {  // created once, never changed, never freed
    let pointer: OpaquePointer?
  }

  static let method: Method = {
    let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "TLS connection")
    BIO_meth_set_create(method) { bio in
      BIO_set_init(bio, 1)
      return 1
    }
    BIO_meth_set_read(method, read)
    BIO_meth_set_write(method, write)
    BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return Method(pointer: method)
  }()

  private static let read: @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, Int32) -> Int32 = {
    bio, target, capacity in
    guard let bio, let target, let connection = connection(bio) else { return -1 }
    cssl_BIO_clear_retry_flags(bio)
    let count = connection.take(into: UnsafeMutableRawBufferPointer(start: target, count: Int(capacity)))
    if count > 0 { return Int32(count) }
    cssl_BIO_set_retry_read(bio)
    return -1
  }

  private static let write: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
    bio, source, count in
    guard let bio, let source, let connection = connection(bio) else { return -1 }
    cssl_BIO_clear_retry_flags(bio)
    connection.give(UnsafeRawBufferPointer(start: source, count: Int(count)))
    return count
  }

  private static func connection(_ bio: OpaquePointer) -> TLSConnection? {
    BIO_get_data(bio).map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
  }
}
