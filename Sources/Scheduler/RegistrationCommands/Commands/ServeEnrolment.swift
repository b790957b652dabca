import AgentLogging
import AgentProtocol
import CertificateAuthority
import Console
import EnrolmentProtocol
import EnrolmentService
import Glibc
import Logging
import NIOCore
import OpenSSL
import SystemCalls

extension Scheduler {
  /// Executes SERVE ENROLMENT: serves until SIGINT or SIGTERM.
  func serveEnrolment(_ switches: Switches) throws -> CommandAnswer {
    let port = try switches.port(otherwise: EnrolmentOperation.defaultPort)
    let host = try switches.bindAddress()
    let seconds = try switches.time(
      "LIFETIME", otherwise: Int64(Lifetime.days) * 86400, most: Int64(Lifetime.maximumDays) * 86400)
    let own = host.map { [AlternativeName.address($0)] } ?? []
    let names =
      try hostNames.filter { HostName.isOne($0) }.map { AlternativeName.dns($0) } + own + switches.alternativeNames()
    // A name of the administrator's choice can move to another host; the host's own cannot.
    let place = try switches.alternativeNames().first ?? names.first
    let authority = RegistryAuthority(
      scheduler: self, serverNames: names, seconds: seconds, lists: PublishedLists(self),
      address: HostAndPort.text(place?.value ?? "localhost", port))
    let root: String
    let lack: String?
    do {
      try publishLists(at: authority.address)
      (root, lack) = ("\(try authority.authorityCertificates()[0].sha256Thumbprint)", nil)
    } catch let error as CommandError where error.status == .configuration {
      (root, lack) = ("none", error.description)
    }
    let output = FileDescriptor(owning: try checked("dup", "standard error") { dup(STDERR_FILENO) })
    let log = Logger(label: "scheduler-register") { _ in LineLogHandler(to: output, style: .forStandardError()) }
    // Before there are threads, which would receive the signals.
    let signals = try SignalDescriptor([SIGINT, SIGTERM])
    defer { Self.unblock([SIGINT, SIGTERM]) }
    let service = EnrolmentService(authority, log: log)
    do { try service.listen(host: host, port: port) } catch {
      try? service.stop()
      throw Self.cannotListen(on: HostAndPort.text(host ?? "*", port), port, error)
    }
    if let lack { log.warning("connections are refused until there is a root CA: \(lack)") }
    log.notice(
      "enrolment is served",
      metadata: [
        "address": "\(host ?? "all"):\(port)", "names": "\(names.map(\.value).joined(separator: " "))",
        "root": "\(root)",
      ])
    let signal = Self.wait(for: signals)
    log.notice("enrolment stops", metadata: ["signal": "\(signal)"])
    try service.stop()
    return CommandAnswer()
  }

  /// Says it as agentd does.
  private static func cannotListen(on place: String, _ port: Int, _ error: any Error) -> CommandError {
    let code = (error as? IOError)?.errnoCode
    let reason = code.map { String(cString: strerror($0)) } ?? "\(error)"
    let hint: String? =
      switch code {
      case EADDRINUSE?: "see what listens there with: ss -ltnp sport = :\(port)"
      case EACCES?: "only root can use ports below 1024; choose another with /PORT="
      case EADDRNOTAVAIL?: "see this host's addresses with: ip address"
      default: nil
      }
    return CommandError(.unavailable, "cannot listen on \(place): \(reason)" + (hint.map { "; \($0)" } ?? ""))
  }

  private static func wait(for signals: SignalDescriptor) -> Int32 {
    while true {
      var waiting = pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0)
      poll(&waiting, 1, -1)
      if let signal = try? signals.next() { return signal }
    }
  }

  private static func unblock(_ signals: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }
}
