import CLinux
import Glibc
import Synchronization

/// An open descriptor, closed when its last reference is released or by `close()`.
public final class FileDescriptor: Sendable {
  private let number: Mutex<Int32>

  /// Takes ownership of `raw`, which must be open and have no other owner.
  public init(owning raw: Int32) {
    number = Mutex(raw)
  }

  /// The descriptor's number; -1 after `close()` or `release()`.
  public var raw: Int32 { number.withLock { $0 } }

  /// Gives up ownership: the caller must close the returned number.
  public func release() -> Int32 {
    number.withLock { number in
      defer { number = -1 }
      return number
    }
  }

  /// Closes the descriptor. Further calls have no effect.
  public func close() {
    let raw = release()
    if raw >= 0 { _ = Glibc.close(raw) }
  }

  deinit { close() }
}

extension FileDescriptor {
  /// Calls open(2), always close-on-exec.
  ///
  /// - Parameters:
  ///   - flags: `O_RDONLY` and the like; `O_CLOEXEC` is added.
  ///   - mode: the permissions of a file created by `O_CREAT`, before the umask.
  public static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try checked("open", path) { Glibc.open(path, flags | O_CLOEXEC, mode) })
  }

  /// Calls openat(2) for `name` in this folder, always close-on-exec; fails with `ELOOP` if the file is a symbolic link.
  public func open(_ name: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
    let raw = raw
    return FileDescriptor(
      owning: try checked("openat", name) { openat(raw, name, flags | O_CLOEXEC | O_NOFOLLOW, mode) })
  }

  /// Creates a connected pair of stream sockets, both close-on-exec; see socketpair(2).
  public static func socketPair() throws(SystemError) -> (FileDescriptor, FileDescriptor) {
    try pair(of: SOCK_STREAM)
  }

  /// Creates a connected pair of sockets that preserve packets, both close-on-exec; see socketpair(2).
  public static func packetPair() throws(SystemError) -> (FileDescriptor, FileDescriptor) {
    try pair(of: SOCK_SEQPACKET)
  }

  private static func pair(of type: __socket_type) throws(SystemError) -> (FileDescriptor, FileDescriptor) {
    var pair: [Int32] = [-1, -1]
    try checked("socketpair") { socketpair(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) }
    return (FileDescriptor(owning: pair[0]), FileDescriptor(owning: pair[1]))
  }

  /// Creates a pipe, both ends close-on-exec; see pipe(2).
  public static func pipe() throws(SystemError) -> (read: FileDescriptor, write: FileDescriptor) {
    var ends: (read: Int32, write: Int32) = (-1, -1)
    try checked("pipe") { clinux_pipe(&ends.read, &ends.write) }
    return (FileDescriptor(owning: ends.read), FileDescriptor(owning: ends.write))
  }

  /// Makes recv(2) on this socket fail with `EAGAIN` if nothing arrives within `seconds`; SO_RCVTIMEO of socket(7).
  public func limitReceiving(seconds: Int) throws(SystemError) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    let raw = raw
    try checked("setsockopt") {
      setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  /// Sets or clears `O_NONBLOCK` on the open file description.
  public func setNonBlocking(_ nonBlocking: Bool) throws(SystemError) {
    let raw = raw
    let flags = try checked("fcntl") { fcntl(raw, F_GETFL) }
    try checked("fcntl") { fcntl(raw, F_SETFL, nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) }
  }

  /// Calls fstat(2).
  ///
  /// - Parameter subject: the path to name in an error.
  public func status(_ subject: String? = nil) throws(SystemError) -> stat {
    var status = stat()
    let raw = raw
    try checked("fstat", subject) { fstat(raw, &status) }
    return status
  }

  /// Reads to the end of file.
  ///
  /// - Parameters:
  ///   - limit: the maximum size in bytes; a longer file throws `EFBIG`.
  ///   - subject: the path to name in an error.
  public func readAll(limit: Int, _ subject: String? = nil) throws(SystemError) -> [UInt8] {
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit + 1, 65536))
    // The contents may be secret: leave no copy in the buffer.
    defer { chunk.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) } }
    let raw = raw
    while true {
      let count = try checked("read", subject) { read(raw, &chunk, chunk.count) }
      if count == 0 { return contents }
      if contents.count + count > limit { throw SystemError("read", subject, code: EFBIG) }
      contents.append(contentsOf: chunk[..<count])
    }
  }

  /// Writes all bytes.
  public func writeAll(_ bytes: some Collection<UInt8>, _ subject: String? = nil) throws(SystemError) {
    let contiguous = Array(bytes)
    let raw = raw
    var offset = 0
    while offset < contiguous.count {
      offset += try checked("write", subject) {
        contiguous.withUnsafeBytes { write(raw, $0.baseAddress! + offset, $0.count - offset) }
      }
    }
  }

  /// Writes all bytes without copying them.
  public func writeAll(_ bytes: UnsafeRawBufferPointer, _ subject: String? = nil) throws(SystemError) {
    let raw = raw
    var rest = bytes[...]
    while !rest.isEmpty {
      let pending = UnsafeRawBufferPointer(rebasing: rest)
      rest = rest.dropFirst(try checked("write", subject) { write(raw, pending.baseAddress, pending.count) })
    }
  }
}
