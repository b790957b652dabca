import Glibc

/// Bytes that must not leave this process: they are in separate pages, locked against swapping and excluded from core dumps, and are wiped
/// when the last reference is released. They are never printed.
public final class SecretBytes: @unchecked Sendable {  // written only before `init` returns
  private let storage: UnsafeMutableRawBufferPointer
  /// The number of bytes.
  public let count: Int
  /// Whether the pages are locked in memory. The host may deny that (RLIMIT_MEMLOCK), which is not an error.
  public let isLocked: Bool

  /// Copies `bytes`. The caller must wipe the original.
  public convenience init(copying bytes: some Collection<UInt8>) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  /// Copies `bytes`. The caller must wipe the original.
  public convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
  }

  /// Reads from a descriptor to end of file; the descriptor stays open.
  ///
  /// - Parameters:
  ///   - descriptor: open for reading.
  ///   - limit: the maximum number of bytes.
  /// - Throws: errors of read(2), or `EFBIG` if there are more than `limit` bytes.
  public convenience init(readingDescriptor descriptor: Int32, limit: Int) throws(SystemError) {
    var collected = SecretBytes(capacity: min(limit + 1, 65536))
    var filled = 0
    while true {
      if filled == collected.count {
        collected = SecretBytes(growing: collected, to: min(limit + 1, filled * 2))
      }
      let target = collected.storage
      let room = collected.count - filled
      let count = try checked("read") { read(descriptor, target.baseAddress! + filled, room) }
      if count == 0 { break }
      filled += count
      if filled > limit { throw SystemError("read", code: EFBIG) }
    }
    let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(collected.storage)[..<filled])
    self.init(copying: bytes)
  }

  /// Creates `count` bytes, initially zero, which `fill` fills in place.
  ///
  /// - Parameter lock: whether to lock them; `false` for bytes that are not secret.
  public init(count: Int, lock: Bool = true, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    self.count = count
    let size = max(count, 1)
    let pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(pages != MAP_FAILED, "out of memory")
    storage = UnsafeMutableRawBufferPointer(start: pages, count: size)
    madvise(pages, size, MADV_DONTDUMP)
    isLocked = lock && mlock(pages, size) == 0
    fill(UnsafeMutableRawBufferPointer(start: pages, count: count))
  }

  private convenience init(capacity: Int) {
    self.init(count: capacity) { _ in }
  }

  private convenience init(growing old: SecretBytes, to capacity: Int) {
    self.init(count: capacity) { new in old.withUnsafeBytes { new.copyMemory(from: $0) } }
  }

  deinit {
    explicit_bzero(storage.baseAddress!, storage.count)
    munmap(storage.baseAddress!, storage.count)  // also unlocks them
  }

  /// Provides access to the bytes during the call. If `body` copies them, the caller must wipe the copy.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: storage.baseAddress, count: count))
  }

  /// The bytes up to the first line end (CR or LF), as for a password file. All bytes if there is no line end.
  public var firstLine: SecretBytes {
    withUnsafeBytes { bytes in
      let end = bytes.firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
      return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    }
  }
}

extension SecretBytes: CustomStringConvertible {
  /// The number of bytes, without their content.
  public var description: String { "\(count) secret bytes" }
}
