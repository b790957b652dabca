import NIOCore
import OpenSSL

/// Collects the ciphertext that a connection sends. Holds memory only while it is not empty.
final class CiphertextBuffer: CiphertextSink {
  private static let allocator = ByteBufferAllocator()
  private var buffer: ByteBuffer?

  /// Reserves capacity for the ciphertext that is about to be written.
  func reserve(_ capacity: Int) {
    if buffer == nil { buffer = Self.allocator.buffer(capacity: capacity) }
  }

  func write(ciphertext: UnsafeRawBufferPointer) {
    if buffer == nil { buffer = Self.allocator.buffer(capacity: ciphertext.count) }
    buffer?.writeBytes(ciphertext)
  }

  /// Returns the collected ciphertext and empties the buffer; `nil` if it is empty.
  func take() -> ByteBuffer? {
    defer { buffer = nil }
    return buffer.flatMap { $0.readableBytes > 0 ? $0 : nil }
  }
}
