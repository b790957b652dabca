import CLinux
import Glibc
import Synchronization

/// Owns an open descriptor and closes it when the last reference goes, or earlier by `close()`.
public final class FileDescriptor: Sendable {
  private let number: Mutex<Int32>

  /// Takes ownership of `raw`, which must be open and owned by nobody else.
  public init(owning raw: Int32) {
    number = Mutex(raw)
  }

  /// The descriptor's number; -1 after `close()` or `release()`.
  public var raw: Int32 { number.withLock { $0 } }

  /// Gives up ownership: the caller has to close the returned number.
  public func release() -> Int32 {
    number.withLock { number in
      defer { number = -1 }
      return number
    }
  }

  /// Closes now. Calling it again does nothing.
  public func close() {
    let raw = release()
    if raw >= 0 { _ = Glibc.close(raw) }
  }

  deinit { close() }
}

extension FileDescriptor {
  /// open(2), close-on-exec always.
  ///
  /// - Parameters:
  ///   - flags: `O_RDONLY` and the like; `O_CLOEXEC` is added.
  ///   - mode: permissions of a file that `O_CREAT` makes, before the umask.
  public static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
    FileDescriptor(owning: try checked("open", path) { Glibc.open(path, flags | O_CLOEXEC, mode) })
  }

  /// openat(2) of `name` in this folder, close-on-exec always; a symbolic link in place of the file is refused (`ELOOP`).
  public func open(_ name: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
    let raw = raw
    return FileDescriptor(
      owning: try checked("openat", name) { openat(raw, name, flags | O_CLOEXEC | O_NOFOLLOW, mode) })
  }

  /// A connected pair of stream sockets, both close-on-exec; see socketpair(2).
  public static func socketPair() throws(SystemError) -> (FileDescriptor, FileDescriptor) {
    try pair(of: SOCK_STREAM)
  }

  /// A connected pair of sockets that keep packets apart, both close-on-exec; see socketpair(2).
  public static func packetPair() throws(SystemError) -> (FileDescriptor, FileDescriptor) {
    try pair(of: SOCK_SEQPACKET)
  }

  private static func pair(of type: __socket_type) throws(SystemError) -> (FileDescriptor, FileDescriptor) {
    var pair: [Int32] = [-1, -1]
    try checked("socketpair") { socketpair(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) }
    return (FileDescriptor(owning: pair[0]), FileDescriptor(owning: pair[1]))
  }

  /// The ends of a pipe, both close-on-exec; see pipe(2).
  public static func pipe() throws(SystemError) -> (read: FileDescriptor, write: FileDescriptor) {
    var ends: (read: Int32, write: Int32) = (-1, -1)
    try checked("pipe") { clinux_pipe(&ends.read, &ends.write) }
    return (FileDescriptor(owning: ends.read), FileDescriptor(owning: ends.write))
  }

  /// Lets recv(2) of this socket fail with `EAGAIN` when nothing has come for so many seconds; SO_RCVTIMEO of socket(7).
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

  /// What fstat(2) says.
  ///
  /// - Parameter subject: the path to name in an error.
  public func status(_ subject: String? = nil) throws(SystemError) -> stat {
    var status = stat()
    let raw = raw
    try checked("fstat", subject) { fstat(raw, &status) }
    return status
  }

  /// Reads to the end.
  ///
  /// - Parameters:
  ///   - limit: the most bytes accepted; a longer file throws with `EFBIG`.
  ///   - subject: the path to name in an error.
  public func readAll(limit: Int, _ subject: String? = nil) throws(SystemError) -> [UInt8] {
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit + 1, 65536))
    // What is read may be a secret: no copy of it stays behind in the buffer.
    defer { chunk.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) } }
    let raw = raw
    while true {
      let count = try checked("read", subject) { read(raw, &chunk, chunk.count) }
      if count == 0 { return contents }
      if contents.count + count > limit { throw SystemError("read", subject, code: EFBIG) }
      contents.append(contentsOf: chunk[..<count])
    }
  }

  /// Writes every byte.
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

  /// Writes every byte, without making a copy on the way.
  public func writeAll(_ bytes: UnsafeRawBufferPointer, _ subject: String? = nil) throws(SystemError) {
    let raw = raw
    var rest = bytes[...]
    while !rest.isEmpty {
      let pending = UnsafeRawBufferPointer(rebasing: rest)
      rest = rest.dropFirst(try checked("write", subject) { write(raw, pending.baseAddress, pending.count) })
    }
  }
}
