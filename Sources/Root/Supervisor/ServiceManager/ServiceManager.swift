import AgentLogging
import Glibc
import Logging
import SystemCalls

/// The service manager that started agentd: notifies it of agentd's state, and takes over its sockets. Without one every call does nothing.
final class ServiceManager {
  /// The listening sockets that it holds for agentd; if there are any, they replace the addresses in listener.toml.
  let sockets: [ListeningSocket]
  private let environment: ServiceEnvironment
  private let socket: FileDescriptor?
  private let log: SupervisorLog
  private var isReloading = false

  /// Takes over the sockets that `environment` names.
  init(_ environment: ServiceEnvironment, _ log: SupervisorLog) throws(StartFailure) {
    self.environment = environment
    self.log = log
    sockets = try (0..<Int32(environment.socketCount)).map { number throws(StartFailure) in
      try ListeningSocket(handedOver: ServiceEnvironment.firstSocket + number)
    }
    let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    socket =
      environment.notifySocket == nil
      ? nil
      : try required(orExit: EX_OSERR) { () throws(SystemError) in
        FileDescriptor(owning: try checked("socket") { Glibc.socket(AF_UNIX, type, 0) })
      }
  }

  /// Reports that agentd serves; `status` is shown to users.
  func isReady(_ status: String) {
    isReloading = false
    send(["READY=1", "STATUS=\(status.escapingControlCharacters())"])
  }

  /// Reports that a reload begins.
  func reloads() {
    isReloading = true
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    send(["RELOADING=1", "MONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)"])
  }

  /// Reports the end of a reload, if its start was reported.
  func reloadIsOver(_ status: String) {
    if isReloading { isReady(status) }
  }

  /// Reports that agentd is about to end.
  func stops() { send(["STOPPING=1", "STATUS=stops; jobs keep running"]) }

  /// Sends keep-alive messages, three per watchdog timeout, as long as each `probe` calls back.
  func keepWatch(on reactor: Reactor, _ probe: @escaping (_ answered: @escaping () -> Void) -> Void) {
    guard let limit = environment.watchdogLimit, socket != nil else { return }
    probe { [weak self] in self?.send(["WATCHDOG=1"]) }
    reactor.after(limit / 3) { [weak self] in self?.keepWatch(on: reactor, probe) }
  }

  private func send(_ assignments: [String]) {
    guard let socket, let address = environment.notifySocket else { return }
    do throws(SystemError) {
      try socket.send(Array(assignments.joined(separator: "\n").utf8), toLocal: address)
    } catch {
      log.logger.warning("cannot notify the service manager of \(assignments[0]): \(error)")
    }
  }
}

extension FileDescriptor {
  /// Sends to a local socket: a path, or `@` and a name in the abstract namespace; sendto(2), unix(7).
  fileprivate func send(_ message: [UInt8], toLocal name: String) throws(SystemError) {
    var bytes = Array(name.utf8)
    if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
    guard ["/", "@"].contains(name.prefix(1)), let address = LocalAddress(bytes) else {
      throw SystemError("sendto", "NOTIFY_SOCKET=\(name.prefix(200))", code: EINVAL)
    }
    let raw = raw
    try checked("sendto", name) { address.pass { sendto(raw, message, message.count, Int32(MSG_NOSIGNAL), $0, $1) } }
  }
}
