import AgentLogging
import CertificateAuthority
import Console
import EnrolmentProtocol
import EnrolmentService
import Glibc
import Logging
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
    let authority = RegistryAuthority(scheduler: self, serverNames: names, seconds: seconds)
    let root = try authority.authorityCertificates()[0].sha256Thumbprint
    let output = FileDescriptor(owning: try checked("dup", "standard error") { dup(STDERR_FILENO) })
    let log = Logger(label: "scheduler-register") { _ in LineLogHandler(to: output, style: .forStandardError()) }
    // Before there are threads, which would receive the signals.
    let signals = try SignalDescriptor([SIGINT, SIGTERM])
    defer { Self.unblock([SIGINT, SIGTERM]) }
    let service = try EnrolmentService(authority, log: log)
    do { try service.listen(host: host, port: port) } catch {
      try? service.stop()
      throw CommandError(.cannotCreate, "cannot listen on port \(port) of \(host ?? "all addresses"): \(error)")
    }
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
