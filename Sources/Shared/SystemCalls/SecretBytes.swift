import Glibc

/// Bytes that must not leave this process: kept in pages of their own which are locked against swapping and left out
/// of core dumps, and wiped when the last reference goes. They are never printed.
public final class SecretBytes: @unchecked Sendable {  // written only before `init` returns
  private let storage: UnsafeMutableRawBufferPointer
  /// How many bytes there are.
  public let count: Int
  /// Whether the pages are locked in memory. The host may forbid it (RLIMIT_MEMLOCK), which is not an error.
  public let isLocked: Bool

  /// Copies `bytes`. Wiping the original is the caller's duty.
  public convenience init(copying bytes: some Collection<UInt8>) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  /// Copies `bytes`. Wiping the original is the caller's duty.
  public convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
  }

  /// Reads a descriptor, which stays open, to its end.
  ///
  /// - Parameters:
  ///   - descriptor: open for reading.
  ///   - limit: the most bytes accepted.
  /// - Throws: what read(2) says, or `EFBIG` where there are more than `limit` bytes.
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

  /// Has `count` bytes, at first zero, filled in place.
  ///
  /// - Parameter lock: whether to lock them; `false` for bytes that are no secret after all.
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
    munmap(storage.baseAddress!, storage.count)  // unlocks, too
  }

  /// Lends the bytes for the duration of the call. A copy made by `body` is the caller's to wipe.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: storage.baseAddress, count: count))
  }

  /// The bytes up to the first line end (CR or LF): what a password file means. All bytes where there is none.
  public var firstLine: SecretBytes {
    withUnsafeBytes { bytes in
      let end = bytes.firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
      return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    }
  }
}

extension SecretBytes: CustomStringConvertible {
  /// The number of bytes and nothing of their content.
  public var description: String { "\(count) secret bytes" }
}
