import NIOCore
import OpenSSL

/// Collects what a connection wants to send. Holds memory only while there is something.
final class CiphertextBuffer: CiphertextSink {
  private static let allocator = ByteBufferAllocator()
  private var buffer: ByteBuffer?

  /// Makes room at once for what is about to come.
  func reserve(_ capacity: Int) {
    if buffer == nil { buffer = Self.allocator.buffer(capacity: capacity) }
  }

  func write(ciphertext: UnsafeRawBufferPointer) {
    if buffer == nil { buffer = Self.allocator.buffer(capacity: ciphertext.count) }
    buffer?.writeBytes(ciphertext)
  }

  /// What was collected; nil if there is nothing.
  func take() -> ByteBuffer? {
    defer { buffer = nil }
    return buffer.flatMap { $0.readableBytes > 0 ? $0 : nil }
  }
}
