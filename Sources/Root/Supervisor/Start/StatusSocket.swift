import AgentProtocol
import CLinux
import Glibc
import SystemCalls

/// The socket at which `agentd --status` asks the running agentd what it does. Only root, and the user that runs agentd, can connect.
///
/// The answer is a file in memory, whose descriptor is sent: nobody who does not read can hold agentd up.
final class StatusSocket {
  /// What there is to say.
  struct Report {
    /// The first line.
    var summary: String
    /// The jobs that run.
    var jobs: [JobStatus]

    /// The summary, then each job as JSON, a line each.
    var text: String { ([summary] + jobs.map(\.json)).map { "\($0)\n" }.joined() }
  }

  private let path: String
  private let socket: FileDescriptor
  private var watch: Reactor.Watch?

  /// The path of the socket in the runtime folder.
  static func path(in runtime: String) -> String { "\(runtime)/status" }

  /// Listens in the runtime folder, of which this process has the pid file.
  init(in runtime: String, on reactor: Reactor, report: @escaping () -> Report) throws(SystemError) {
    path = Self.path(in: runtime)
    unlink(path)
    let socket = try Self.new()
    self.socket = socket
    let (raw, path) = (socket.raw, path)
    try checked("fchmod", path) { fchmod(raw, 0o600) }
    let address = try Self.address(path)
    try checked("bind", path) { address.pass { bind(raw, $0, $1) } }
    try checked("chmod", path) { chmod(path, 0o600) }
    try checked("listen", path) { listen(raw, 16) }
    watch = try reactor.watch(socket, for: .readable) { _ in Self.answer(socket, report) }
  }

  deinit {
    watch?.cancel()
    socket.close()
    unlink(path)
  }

  private static func answer(_ socket: FileDescriptor, _ report: () -> Report) {
    let raw = accept(socket.raw, nil, nil)
    if raw < 0 { return }
    let connection = FileDescriptor(owning: raw)
    defer { connection.close() }
    // Nothing is executed between the two calls: there is one thread.
    _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
    guard [0, geteuid()].contains(user(at: raw)), let file = try? memory(report().text),
      (try? connection.setNonBlocking(true)) != nil
    else { return }
    defer { file.close() }
    var (byte, number) = (UInt8(0), file.raw)
    _ = clinux_send_with_descriptors(raw, &byte, 1, &number, 1)
  }

  /// Returns the user at the other end; nil if that is not known.
  private static func user(at connection: Int32) -> uid_t? {
    // struct ucred of unix(7): process, user and group.
    var peer = [UInt32](repeating: .max, count: 3)
    var size = socklen_t(MemoryLayout<UInt32>.size * peer.count)
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer[1] : nil
  }

  private static func memory(_ text: String) throws(SystemError) -> FileDescriptor {
    let file = FileDescriptor(owning: try checked("memfd_create") { clinux_memory_file("agentd-status") })
    try file.writeAll(Array(text.utf8), "status")
    let raw = file.raw
    try checked("lseek") { lseek(raw, 0, SEEK_SET) }
    return file
  }

  /// Asks the agentd with this runtime folder.
  ///
  /// - Returns: its answer; nil if there is none.
  static func ask(in runtime: String) throws(SystemError) -> String? {
    let (path, socket) = (path(in: runtime), try new())
    let raw = socket.raw
    defer { socket.close() }
    let address = try address(path)
    do throws(SystemError) {
      try checked("connect", path) { address.pass { connect(raw, $0, $1) } }
    } catch  where [ENOENT, ECONNREFUSED].contains(error.code) { return nil }
    var ready = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
    guard poll(&ready, 1, answerTime) > 0 else { throw SystemError("poll", path, code: ETIMEDOUT) }
    var (byte, number, count) = (UInt8(0), Int32(-1), 0)
    guard clinux_receive_with_descriptors(raw, &byte, 1, &number, 1, &count) > 0, count == 1 else { return nil }
    let file = FileDescriptor(owning: number)
    defer { file.close() }
    return String(decoding: try file.readAll(limit: 1 << 30, path), as: UTF8.self)
  }

  /// The time to wait for an answer, in milliseconds.
  private static let answerTime: Int32 = 10_000

  private static func new() throws(SystemError) -> FileDescriptor {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    return FileDescriptor(owning: try checked("socket") { Glibc.socket(AF_UNIX, type, 0) })
  }

  private static func address(_ path: String) throws(SystemError) -> LocalAddress {
    guard let address = LocalAddress(Array(path.utf8)) else { throw SystemError("connect", path, code: ENAMETOOLONG) }
    return address
  }
}
