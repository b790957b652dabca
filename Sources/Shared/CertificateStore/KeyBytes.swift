import Glibc

/// A private key on its way to the disk: one copy, wiped with the last reference.
final class KeyBytes: @unchecked Sendable {  // written before `init` returns, never after
  private let storage: UnsafeMutableRawBufferPointer

  init(copying bytes: UnsafeRawBufferPointer) {
    storage = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    // Beyond RLIMIT_MEMLOCK it is refused; the bytes are then as safe as the rest of the process.
    if let address = storage.baseAddress { mlock(address, storage.count) }
    storage.copyMemory(from: bytes)
  }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }

  deinit {
    if let address = storage.baseAddress {
      explicit_bzero(address, storage.count)
      munlock(address, storage.count)
    }
    storage.deallocate()
  }
}
