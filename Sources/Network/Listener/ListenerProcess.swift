import AgentProtocol
import Glibc
import Logging
import OpenSSL
import RemoteSigning
import SupervisorLink
import SystemCalls

/// The network side of agentd: TLS and HTTP, on behalf of the supervisor at the other end of the link.
public enum ListenerProcess {
  /// Serves until the link ends or the supervisor asks to drain. Blocks the calling thread, which should be the main thread.
  ///
  /// Logging must be set up before (swift-log bootstrapped). Everything else arrives over the link: see `SupervisorMessage.configure`.
  /// Confines the process permanently. Event loops still run afterwards, so the caller should call _exit(2).
  ///
  /// - Parameter link: this process's end of the link, a blocking stream socket; kept open until this returns.
  /// - Returns: the exit code, as in sysexits(3): 0 after a drain or the end of the link, `EX_CONFIG` for unusable material, `EX_PROTOCOL`
  ///   if the supervisor breaks the link's contract, `EX_UNAVAILABLE` if the signer is lost, `EX_OSERR` for errors of the system.
  public static func run(link: SystemCalls.FileDescriptor) -> Int32 {
    let log = Logger(label: "agentd.listener")
    OpenSSLLibrary.keepCertificateKeysOnly()
    return serve(link: link, log: log) { ProcessTraits.confine(log) }
  }

  /// Does the work of `run` without changing the process; limits that are given replace the supervisor's.
  ///
  /// Calls `confine` once all files have been read, while there is only one thread, and before the first byte from a client. Without
  /// `confine` the process is assumed to keep running, and the event loops are stopped at the end; NIO does that with libdispatch, which
  /// crashes where it cannot open /proc.
  static func serve(
    link: FileDescriptor, log: Logger, httpLimits: HTTPLimits? = nil,
    connectionLimits: ConnectionLimits? = nil, confine: (() -> Void)? = nil
  ) -> Int32 {
    var inbox = LinkInbox(link)
    let signerLoss = SignerLoss(link, log)
    do {
      guard let first = try inbox.next() else { return EXIT_SUCCESS }
      guard case .configure(let configuration) = first.message else { throw LinkFault.unexpected("a first message") }
      var descriptors = first.descriptors
      guard !descriptors.isEmpty else { throw LinkFault.descriptors(0) }
      let supervisor = try LinkClient(link, outbox: descriptors.removeFirst())
      defer { supervisor.close() }
      let signing = Array(descriptors.prefix(max(1, configuration.signingSockets)))
      guard signing.count == configuration.signingSockets else { throw LinkFault.descriptors(descriptors.count) }
      descriptors.removeFirst(signing.count)
      let (material, signer): (Material, SignerConnection)
      do throws(Unusable) {
        signer = try connection(to: signing, signerLoss)
        material = try Material(configuration, signer: signer)
      } catch {
        // If the signer is gone, that says nothing about the key.
        if signerLoss.endsListener { return EX_UNAVAILABLE }
        _ = supervisor.report(.unusable(error.description))
        return EX_CONFIG
      }
      let agent = AgentDocument(AgentStatus(configuration, material.report))
      let expiry = ExpiryWatch(material.dated, log, publish: { agent.update(warnings: $0) })
      expiry.look()
      if configuration.checkOnly {
        return check(configuration, material, clients: descriptors.dropFirst().first, supervisor)
      }
      guard descriptors.count == configuration.addresses.count + 1 else {
        throw LinkFault.descriptors(descriptors.count + signing.count)
      }
      let services = Services(
        supervisor: supervisor, agent: agent, outputs: OutputWatcher(),
        limits: httpLimits ?? HTTPLimits(configuration.limits), clientsAreRuled: configuration.clientsAreRuled,
        log: log, metrics: ListenerMetrics(version: configuration.version, dated: material.dated))
      let loops = Server.loopsOfHost
      confine?()
      let server = try Server(
        material, services, connectionLimits ?? ConnectionLimits(configuration.limits), loops: loops)
      defer { if confine == nil { server.stop() } }
      try server.watch(descriptors[0])
      server.keep(expiry)
      server.keep(MemoryReturn(services.metrics))
      // This must be the first message: the contract forbids reporting clients before it. Clients that connect meanwhile wait in the queue.
      _ = supervisor.report(.ready(material.report))
      try server.accept(on: Array(descriptors[1...]))
      var serving = Serving(
        link: link, inbox: inbox, supervisor: supervisor, server: server, agent: agent, signer: signer,
        signerLoss: signerLoss, expiry: expiry)
      try serving.attend()
      return EXIT_SUCCESS
    } catch let error as LinkError {
      log.error("link to the supervisor broken; exiting", metadata: ["error": "\(error)"])
      return EX_PROTOCOL
    } catch let fault as LinkFault {
      log.error("supervisor broke the link's protocol; exiting", metadata: ["error": "\(fault)"])
      return EX_PROTOCOL
    } catch is SignerLoss.Ended {
      return EX_UNAVAILABLE
    } catch {
      log.error("cannot serve; exiting", metadata: ["error": "\(error)"])
      return EX_OSERR
    }
  }

  /// Answers a supervisor that only wants to know whether the material is usable, and optionally for how long.
  private static func check(
    _ configuration: ListenerMaterial, _ material: Material, clients: FileDescriptor?, _ supervisor: LinkClient
  ) -> Int32 {
    var report = material.report
    do throws(Unusable) {
      if configuration.forecast { report.breakages = try StoreForecast.make(of: configuration, clients: clients) }
      report.presented = try configuration.presented.map { pem throws(Unusable) in
        try PresentedClient(pem: pem, judgedBy: material.verifier)
      }
    } catch {
      _ = supervisor.report(.unusable(error.description))
      return EX_CONFIG
    }
    _ = supervisor.report(.ready(report))
    return EXIT_SUCCESS
  }

  /// Connects to the signer over these sockets.
  private static func connection(
    to sockets: [FileDescriptor], _ loss: SignerLoss
  ) throws(Unusable) -> SignerConnection {
    do throws(SystemError) {
      return try SignerConnection(sockets) { loss.occurred() }
    } catch {
      throw Unusable("signing socket: \(error)")
    }
  }

}

/// A listener that accepts connections.
private struct Serving {
  let link: FileDescriptor
  var inbox: LinkInbox
  let supervisor: LinkClient
  let server: Server
  let agent: AgentDocument
  let signer: SignerConnection
  let signerLoss: SignerLoss
  let expiry: ExpiryWatch

  /// Handles the supervisor's messages until the link ends, then waits for the connections to end.
  mutating func attend() throws {
    while let (message, descriptors) = try inbox.next() {
      switch message {
      case .answer(let number, let answer): supervisor.received(answer, descriptors, for: number)
      case .capacity(let capacity): agent.update(capacity)
      case .drain(let trust, let acceptingFor): try drain(trust, acceptingFor)
      case .probe where signer.isThere():
        server.everyLoopsTurn().whenSuccess { [supervisor] in _ = supervisor.report(.alive) }
      case .probe: break
      case .judge(let clients): _ = supervisor.report(.judged(server.refusals(of: clients)))
      case .configure: throw LinkFault.unexpected("a second configuration")
      }
    }
    supervisor.ended()
    if signerLoss.endsListener { throw SignerLoss.Ended() }
    try server.drain(within: Server.orphanTime).wait()
  }

  private func drain(_ trust: ClientTrust?, _ acceptingFor: Double) throws {
    signerLoss.draining()
    expiry.stop()
    // Before the drain: a client that is no longer trusted must not get another answer.
    if let trust { server.recheckClients(try Trust(trust)) }
    server.drain(acceptingFor: .milliseconds(Int64(acceptingFor * 1000))).whenComplete { [link] _ in
      shutdown(link.raw, Int32(SHUT_RD))  // ends the loop of `attend`
    }
  }
}

extension AgentStatus {
  /// Creates the fixed part of the status, with the initial counts.
  fileprivate init(_ material: ListenerMaterial, _ report: ListenerReport) {
    self.init(
      name: material.agentName, version: material.version, time: .now(), certificateThumbprint: report.thumbprint,
      certificateNotAfter: report.notAfter, maxRunning: material.capacity.maxRunning,
      maxQueued: material.capacity.maxQueued, running: material.capacity.running, queued: material.capacity.queued,
      warnings: material.capacity.warnings)
    pools = material.capacity.pools
  }
}
