import CLinux
import Glibc
import ShepherdContract
import Synchronization
import SystemCalls

/// The shepherd server as its supervisor sees it: started when it is needed, and replaced when it has ended.
///
/// Nothing here waits for the server. It holds nothing that would be missed: an order that it did not carry out is given to the next one.
public final class Shepherds: Sendable {
  private struct Server {
    let process: ProcessHandle
    let socket: FileDescriptor
  }

  /// Kept open: even after an upgrade, this supervisor continues to execute the program that it was started with.
  private let image: FileDescriptor
  private let path: String
  private let server = Mutex<Server?>(nil)

  /// Opens the shepherd's executable.
  init(_ path: String) throws(SystemError) {
    try checked("access", path) { access(path, X_OK) }
    self.path = path
    image = try FileDescriptor.open(path, O_RDONLY)
  }

  deinit { server.withLock { $0?.process.killAndWait() } }

  /// The running server; `nil` if none was started, or it was found to have ended.
  public var process: ProcessHandle? { server.withLock { $0?.process } }

  /// Starts a server unless there is one, and returns it.
  @discardableResult
  public func start() throws(SystemError) -> ProcessHandle { try running().process }

  /// Kills the server. The next order, or `start()`, starts another one.
  ///
  /// The shepherds that it has forked do not notice; the orders that it has not carried out are dropped.
  public func replace() {
    server.withLock {
      try? $0?.process.send(SIGKILL)
      if let process = $0?.process { Self.reap(process) }
      $0 = nil
    }
  }

  /// Reaps a server that has ended; does nothing if it has not.
  public static func reap(_ server: ProcessHandle) { clinux_reap(server.descriptor.raw) }

  /// Orders a shepherd with these descriptors, by the numbers of `ShepherdContract.Descriptor`, without waiting.
  ///
  /// - Throws: a `SystemError` of sendmsg(2) with the code `EAGAIN` or `ETOOMANYREFS` if the server has too many orders to carry out.
  func order(_ descriptors: [(number: Int32, descriptor: FileDescriptor)]) throws(SystemError) {
    let numbers = descriptors.map { UInt8($0.number) }
    let raw = descriptors.map(\.descriptor.raw)
    for isLast in [false, true] {
      let socket = try running().socket.raw
      do throws(SystemError) {
        try checked("sendmsg", "shepherd server") {
          clinux_send_with_descriptors(socket, numbers, numbers.count, raw, raw.count)
        }
        return
      } catch  where !isLast && (error.code == EPIPE || error.code == ECONNRESET) {
        replace()
      }
    }
  }

  private func running() throws(SystemError) -> Server {
    try server.withLock { server throws(SystemError) in
      if let server { return server }
      let started = try launch()
      server = started
      return started
    }
  }

  private func launch() throws(SystemError) -> Server {
    let (ours, theirs) = try FileDescriptor.packetPair()
    try ours.setNonBlocking(true)
    let title = ShepherdContract.Server.title
    let padding = String(repeating: " ", count: ShepherdContract.Server.titleBytes - title.utf8.count)
    var spawn = RoleSpawn(image, title: title + padding)
    spawn.signalsBlocked = true
    return Server(process: try spawn.start(socket: theirs, name: path), socket: ours)
  }
}
