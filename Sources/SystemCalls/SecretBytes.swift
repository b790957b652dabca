import Glibc

/// Bytes that nobody else may learn: kept in one place, out of the swap space where the host allows it, and wiped with
/// the last reference. A `[UInt8]` is no place for a secret: it leaves a copy wherever it was grown or shared.
public final class SecretBytes: @unchecked Sendable {
  // Written by the initialisers alone, so that references may be shared between threads.
  private let storage: UnsafeMutableRawBufferPointer

  /// The number of bytes.
  public let count: Int

  /// Holds up to `capacity` bytes that `fill` writes.
  ///
  /// - Parameter fill: writes into the buffer; returns how many bytes of it count.
  public init<Failure: Error>(
    capacity: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    let storage = UnsafeMutableRawBufferPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
    // Beyond RLIMIT_MEMLOCK it is refused; the bytes are then as safe as the rest of the process.
    mlock(storage.baseAddress!, storage.count)
    do throws(Failure) {
      count = min(try fill(UnsafeMutableRawBufferPointer(rebasing: storage[..<capacity])), capacity)
    } catch {
      Self.wipe(storage)
      throw error
    }
    self.storage = storage
  }

  /// Holds a copy of `bytes`; wiping the original is the caller's part.
  public convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(capacity: bytes.count) { buffer in
      buffer.copyMemory(from: bytes)
      return bytes.count
    }
  }

  /// Lends the bytes. The pointer is valid until `body` returns.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(rebasing: storage[..<count]))
  }

  deinit { Self.wipe(storage) }

  private static func wipe(_ storage: UnsafeMutableRawBufferPointer) {
    explicit_bzero(storage.baseAddress!, storage.count)
    munlock(storage.baseAddress!, storage.count)
    storage.deallocate()
  }
}
