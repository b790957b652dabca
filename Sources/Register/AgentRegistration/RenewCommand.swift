import AgentConfiguration
import CertificateImport
import CertificateStore
import Console
import EnrolmentClient
import OpenSSL
import Sandbox
import SystemCalls
import Values

extension Registration {
  /// Replaces the listener's certificate, with which this agent authenticates, by a new one for a new key: `--renew`.
  ///
  /// agentd runs this when renewal is due. The store's roots stay unchanged: nothing received over the network becomes trusted.
  ///
  /// Two processes share the work, and each permanently gives up everything that its part does not need before it reads anything from a
  /// peer: one talks to the service and can change nothing, the other changes the agent's files and receives only the certificate.
  ///
  /// - Parameter startedByAgentd: whether agentd started this; it then reloads automatically at the end and needs no signal.
  public func renew(startedByAgentd: Bool) throws -> Report {
    let listener = try listenerConfiguration()
    guard let server = listener.enrolmentServer else {
      throw CommandError(
        .configuration, "no enrolment service is configured: name one with \(command("-L -s SERVER"))")
    }
    let catalog = try catalog()
    guard let old = catalog.certificates.first(where: { $0.sha256Thumbprint == listener.certificate }) else {
      throw CommandError(.configuration, "the listener's certificate is not in the store; nothing to renew")
    }
    let service = try enrolmentServer(server)
    let (request, key) = try request(inPlaceOf: old)
    let (chain, oldKey) = (try catalog.chain(of: old), try store.key(of: old))
    let exchange = try NetworkProcess(reach: networkReach(service)) {
      try rethrowing {
        let answer = try service.renew(request, chain: chain, key: oldKey, roots: catalog.roots)
        let path = try Self.path(
          from: answer.certificate, answer.others + catalog.certificates, to: catalog.roots, service)
        // The root is here.
        return Array(path.dropLast().map(\.pem).joined().utf8)
      }
    }
    let gaps = Confinement.renewal(fileReach(startedByAgentd: startedByAgentd)).enter()
    let path: [Certificate]
    do { path = try Self.certificates(exchange.result()) } catch let error as CommandError {
      // The key is kept only for a request that may still be granted, or an answer that was lost.
      if error.status == .noPermission { try store.removeRequestKey(.renewal) }
      throw error
    }
    let renewed = path[0]
    try check(renewed, inPlaceOf: old)
    try add(path, key)
    try store.removeRequestKey(.renewal)
    let saved = try adopt(renewed, inPlaceOf: old)
    let note = startedByAgentd ? [] : [RunningAgent(configuration).reload(startedBy: agentCommand)]
    let end = Timestamp(seconds: renewed.notAfter)
    return Report(
      lines: note + [
        "renewed \(renewed.subject), thumbprint \(renewed.sha256Thumbprint), valid to \(end.short), to be renewed at "
          + (saved.renewAt?.short ?? "no time")
      ], warnings: gaps.map { "the renewal is not fully confined: \($0)" })
  }

  func networkReach(_ service: EnrolmentServer) -> Reach {
    var reach = Reach()
    reach.readable = Reach.nameServices
    reach.ports = [UInt16(clamping: service.port), Reach.nameServerPort]
    return reach
  }

  func fileReach(startedByAgentd: Bool) -> Reach {
    var reach = Reach()
    // A file is replaced by another in the same folder, so the folder must be writable.
    let listener = Path.folder(of: configuration.paths.listener)
    reach.changeable = [store.folder, listener] + (startedByAgentd ? [] : [configuration.paths.pidFile])
    reach.signals = !startedByAgentd
    return reach
  }

  private func request(inPlaceOf old: Certificate) throws -> PendingRequest {
    try pendingRequest(
      .renewal, commonName: old.commonNames.first ?? configuration.process.agentName, names: old.subjectAlternativeNames
    )
  }

  /// Reads what the other process sent, which may be a stranger's.
  private static func certificates(_ text: [UInt8]) throws(CommandError) -> [Certificate] {
    guard let certificates = try? Certificate.all(inPEM: text, limit: ImportPlan.maximumChain), !certificates.isEmpty
    else { throw CommandError(.protocol, "the renewed certificate cannot be read") }
    return certificates
  }

  /// A certificate with other names would turn this agent into another one.
  private func check(_ renewed: Certificate, inPlaceOf old: Certificate) throws(CommandError) {
    guard renewed.subject == old.subject,
      Set(renewed.subjectAlternativeNames) == Set(old.subjectAlternativeNames)
    else {
      throw CommandError(
        .data,
        "the enrolment service issued a certificate for \(renewed.subject) with other names than before; it is not used"
      )
    }
  }

  /// A certificate for another key is refused, like any import of a certificate with the wrong key, and so is one of another root.
  private func add(_ path: [Certificate], _ key: PrivateKey) throws {
    if path[0].isCA || path.dropFirst().contains(where: { !$0.isCA || $0.isSelfSigned }) {
      throw CommandError(.data, "the renewed certificate came with others that cannot be its issuers; it is not used")
    }
    do {
      _ = try CertificateImporter(store: store).add(Bundle(Bundle(of: path), with: key), now: now)
    } catch let refusal as ImportRefusal {
      throw CommandError(.data, "the renewed certificate cannot be used: \(refusal)")
    }
  }

  /// Configures the new certificate, unless another was chosen meanwhile; removes those that the old one had replaced.
  private func adopt(_ renewed: Certificate, inPlaceOf old: Certificate) throws -> ListenerConfiguration {
    let saved = try changeListener { listener in
      guard listener.certificate == old.sha256Thumbprint else {
        throw CommandError(
          .configuration, "another listener certificate was chosen in the meantime; it stays in use")
      }
      listener.certificate = renewed.sha256Thumbprint
      listener.renewAt = Self.renewalTime(of: renewed, now: now)
    }
    try store.update { transaction in
      let catalog = try StoreCatalog(transaction.before, folder: store.folder)
      for certificate in catalog.certificates
      where catalog.keys.contains(certificate.sha256Thumbprint) && certificate.subject == old.subject
        && certificate != renewed && certificate.notAfter < old.notAfter
      {
        transaction.remove(.certificates, certificate.sha256Thumbprint)
        transaction.remove(.keys, certificate.sha256Thumbprint)
      }
    }
    return saved
  }
}
