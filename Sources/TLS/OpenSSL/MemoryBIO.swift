import COpenSSL
import SystemCalls

/// A BIO over memory: a read-only view of lent bytes, or one that collects what OpenSSL prints.
struct MemoryBIO: ~Copyable {
  let pointer: OpaquePointer

  /// Collects.
  init() throws(OpenSSLError) {
    pointer = try checked("allocate a buffer", BIO_new(BIO_s_mem()))
  }

  /// Collects, and wipes what it held.
  init(secret: Void) throws(OpenSSLError) {
    pointer = try checked("allocate a buffer", BIO_new(BIO_s_secmem()))
  }

  /// Reads `bytes`, which must stay where they are as long as this exists.
  init(reading bytes: UnsafeRawBufferPointer) throws(OpenSSLError) {
    // BIO_new_mem_buf refuses a null pointer, which is what an empty buffer may have.
    let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    pointer = try checked("read a buffer", BIO_new_mem_buf(base, Int32(clamping: bytes.count)))
  }

  deinit { BIO_free(pointer) }

  private var collected: UnsafeRawBufferPointer {
    var data: UnsafeMutablePointer<CChar>?
    let count = cssl_BIO_mem_data(pointer, &data)
    return UnsafeRawBufferPointer(start: data, count: max(count, 0))
  }

  /// What was collected, as bytes.
  consuming func bytes() -> [UInt8] { Array(collected) }

  /// What was collected, as text.
  consuming func text() -> String { String(decoding: collected, as: UTF8.self) }

  /// What was collected, as a secret.
  consuming func secret() -> SecretBytes { SecretBytes(copying: collected) }
}
