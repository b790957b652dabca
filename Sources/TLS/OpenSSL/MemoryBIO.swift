import COpenSSL
import SystemCalls

/// A memory BIO: a read-only view of borrowed bytes, or a buffer for OpenSSL's output.
struct MemoryBIO: ~Copyable {
  let pointer: OpaquePointer

  /// Creates a buffer for output.
  init() throws(OpenSSLError) {
    pointer = try checked("allocate a buffer", BIO_new(BIO_s_mem()))
  }

  /// Creates a buffer for output that is wiped when freed.
  init(secret: Void) throws(OpenSSLError) {
    pointer = try checked("allocate a buffer", BIO_new(BIO_s_secmem()))
  }

  /// Creates a view of `bytes`, which must remain valid as long as the BIO exists.
  init(reading bytes: UnsafeRawBufferPointer) throws(OpenSSLError) {
    // BIO_new_mem_buf refuses a null pointer, which an empty buffer may have.
    let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    pointer = try checked("read a buffer", BIO_new_mem_buf(base, Int32(clamping: bytes.count)))
  }

  deinit { BIO_free(pointer) }

  private var collected: UnsafeRawBufferPointer {
    var data: UnsafeMutablePointer<CChar>?
    let count = cssl_BIO_mem_data(pointer, &data)
    return UnsafeRawBufferPointer(start: data, count: max(count, 0))
  }

  /// Returns the output as bytes.
  consuming func bytes() -> [UInt8] { Array(collected) }

  /// Returns the output as text.
  consuming func text() -> String { String(decoding: collected, as: UTF8.self) }

  /// Returns the output as a secret.
  consuming func secret() -> SecretBytes { SecretBytes(copying: collected) }
}
