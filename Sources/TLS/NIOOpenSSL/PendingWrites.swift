import NIOCore
import OpenSSL

/// Plaintext that waits for the next flush. Holds memory only while it is not empty.
struct PendingWrites {
  private var buffers: [ByteBuffer] = []
  private var promises: [EventLoopPromise<Void>] = []

  /// The maximum plaintext of a TLS record, in bytes.
  private static let record = 16384

  mutating func append(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
    buffers.append(buffer)
    if let promise { promises.append(promise) }
  }

  /// Encrypts everything into `sink`; small buffers share a record.
  ///
  /// - Returns: the promises to fulfil when the ciphertext is written, and the error if encryption failed.
  mutating func encrypt(
    with connection: TLSConnection, into sink: CiphertextBuffer
  ) -> (promises: [EventLoopPromise<Void>], error: OpenSSLError?) {
    defer { self = PendingWrites() }
    do {
      try encryptAll(with: connection, into: sink)
      return (promises, nil)
    } catch {
      return (promises, error)
    }
  }

  private func encryptAll(with connection: TLSConnection, into sink: CiphertextBuffer) throws(OpenSSLError) {
    let total = buffers.reduce(0) { $0 + $1.readableBytes }
    if total == 0 { return }
    sink.reserve(total + (total / Self.record + 1) * 40)  // a record has 22 to 37 bytes besides the plaintext
    var batch = ByteBuffer()
    for (index, buffer) in buffers.enumerated() {
      if batch.readableBytes + buffer.readableBytes > Self.record {
        try Self.encrypt(batch, with: connection)
        batch.clear()
      }
      let isAlone = batch.readableBytes == 0 && index == buffers.count - 1
      if isAlone || buffer.readableBytes > Self.record / 2 && batch.readableBytes == 0 {
        try Self.encrypt(buffer, with: connection)
      } else {
        batch.writeImmutableBuffer(buffer)
      }
    }
    try Self.encrypt(batch, with: connection)
  }

  private static func encrypt(_ buffer: ByteBuffer, with connection: TLSConnection) throws(OpenSSLError) {
    let outcome: OpenSSLError? = buffer.withUnsafeReadableBytes { bytes in
      do throws(OpenSSLError) { try connection.write(bytes) } catch { return error }
      return nil
    }
    if let outcome { throw outcome }
  }

  /// Discards everything and fails its promises.
  mutating func fail(_ error: any Error) {
    let promises = promises
    self = PendingWrites()
    for promise in promises { promise.fail(error) }
  }
}
