import AgentProtocol
import CertificateAuthority
import CertificateStore
import Console
import EnrolmentService
import OpenSSL
import SchedulerRegistry
import Values

/// Makes the decisions of the enrolment service from the current state of a scheduler's registry.
struct RegistryAuthority: EnrolmentAuthority {
  /// The validity of the service's own certificate in seconds; it is used for an hour.
  static let serverTime: Int64 = 2 * 86400

  let scheduler: Scheduler
  /// The names by which agents may reach this host.
  let serverNames: [AlternativeName]
  /// The validity of issued certificates, in seconds.
  let seconds: Int64
  let lists: PublishedLists
  /// `HOST:PORT` at which agents fetch revocation lists.
  let address: String
  let state = ServerState()

  func revocationList(of root: Thumbprint) throws -> PublishedList? { try lists.list(of: root) }

  /// The default root, then the others that are in force and whose key is here: a code that was made before is for one of them.
  func authorityCertificates() throws -> [Certificate] {
    let chosen = try defaultAuthority().certificate
    return [chosen] + (try otherRoots(besides: chosen, try scheduler.registry.store.snapshot()))
  }

  func otherRoots(besides chosen: Certificate, _ snapshot: StoreSnapshot) throws -> [Certificate] {
    try scheduler.catalog(snapshot).roots.filter {
      $0 != chosen && snapshot.keys.contains($0.sha256Thumbprint) && $0.notAfter > scheduler.now
    }
  }

  func defaultAuthority() throws -> CertificateAuthority {
    try scheduler.authority(nil, try scheduler.registry.record(), try scheduler.registry.store.snapshot())
  }

  func judge(_ certificate: Certificate) -> PeerVerdict {
    do {
      let snapshot = try scheduler.registry.store.snapshot()
      // It may read the metrics, and nothing else: a renewal checks again.
      if try isOwnConnector(certificate, snapshot) { return .accepted }
      try checkRenewable(certificate, try scheduler.catalog(snapshot).roots) { try scheduler.registry.record() }
      return .accepted
    } catch let refusal as UnrenewableCertificate {
      return .refused(alert: refusal.alert, rule: "renewal", reason: "\(certificate): \(refusal)")
    } catch {
      return .refused(alert: .handshakeFailure, rule: "renewal", reason: "\(error)")
    }
  }

  /// Throws unless `certificate` is an agent's, issued by a root here, in force and not revoked.
  ///
  /// No other certificate is accepted: neither that of a connector, nor one with the same name from another root.
  ///
  /// Another scheduler with the same root may have issued it, and may have revoked it: it is accepted only while a list of that scheduler
  /// is in force here (IMPORT CRL).
  ///
  /// - Parameter record: reads the record; called only if one of our roots issued the certificate, so that strangers cost less.
  private func checkRenewable(
    _ certificate: Certificate, _ roots: [Certificate], _ record: () throws -> RegistryRecord
  ) throws {
    guard let root = roots.first(where: { certificate.isIssued(by: $0) }) else { throw UnrenewableCertificate.stranger }
    if certificate.notAfter < scheduler.now {
      throw UnrenewableCertificate.expired(Scheduler.day(certificate.notAfter))
    }
    if certificate.notBefore > scheduler.now { throw UnrenewableCertificate.notYetValid }
    let record = try record()
    if record.revocation(of: certificate.serialNumber, by: root.sha256Thumbprint) != nil {
      throw UnrenewableCertificate.revoked
    }
    let thumbprint = certificate.sha256Thumbprint
    let issued = record.issued.first { $0.sha256Thumbprint == thumbprint }
    guard issued.map({ $0.role == .listener }) ?? certificate.isForServersAlone else {
      throw UnrenewableCertificate.notAnAgents
    }
    if issued != nil { return }
    guard let due = record.importedListsDue?[root.sha256Thumbprint] else { throw UnrenewableCertificate.notIssuedHere }
    if due < .now() { throw UnrenewableCertificate.listOverdue(Scheduler.day(due.seconds)) }
  }

  func renew(request: [UInt8], by certificate: Certificate) -> EnrolmentOutcome {
    outcome {
      let request = try wellFormed(request)
      let names = certificate.subjectAlternativeNames
      // Of several common names, none is the agent's.
      guard certificate.commonNames.count == 1, let agentName = certificate.commonName else {
        throw UnrenewableCertificate.notAnAgents
      }
      // First, so that whoever is not an agent is told so.
      let (roots, present) = (try scheduler.catalog(try scheduler.registry.store.snapshot()).roots, scheduler.registry)
      try checkRenewable(certificate, roots) { try present.record() }
      // RFC 7030 section 4.2.2: the same subject and the same names.
      try checkNames(request, allowed: [.dns(agentName)] + names)
      let renewed = try scheduler.registry.update { record, transaction in
        try checkRenewable(certificate, try scheduler.catalog(transaction.before).roots) { record }
        try RenewalLimits.check(certificate, agentName, record, at: scheduler.now)
        let authority = try scheduler.authority(nil, record, transaction.before)
        return try issue(agentName, names, request.key, authority, &record, inPlaceOf: certificate)
      }
      return .issued(renewed, agentName: agentName)
    }
  }

  func wellFormed(_ request: [UInt8]) throws(EnrolmentRefusal) -> ListenerRequest {
    do throws(RequestRefusal) { return try ListenerRequest(contents: request) } catch {
      throw EnrolmentRefusal(.malformed, "\(error)")
    }
  }

  /// Throws if the request contains a name that the agent was not given.
  func checkNames(_ request: ListenerRequest, allowed: [AlternativeName]) throws(EnrolmentRefusal) {
    guard let stranger = request.names.first(where: { name in !allowed.contains { $0.isSame(as: name) } }) else {
      return
    }
    throw EnrolmentRefusal(
      .forbidden,
      "the request asks for the name \(stranger.value), which the requesting agent does not have: "
        + "\(allowed.map(\.value).joined(separator: ", "))")
  }

  func issue(
    _ name: String, _ names: [AlternativeName], _ key: PublicKey, _ authority: CertificateAuthority,
    _ record: inout RegistryRecord, inPlaceOf renewed: Certificate? = nil, by requester: String? = nil
  ) throws -> Certificate {
    let certificate = try authority.issueListener(
      agentName: name, names: names, for: key, Lifetime(seconds: seconds, now: scheduler.now))
    try record.note(certificate, .listener, of: authority, scheduler.now, inPlaceOf: renewed, by: requester)
    return certificate
  }

  /// Converts errors to refusals. The client learns no details of an error on this side.
  func outcome(_ body: () throws -> EnrolmentOutcome) -> EnrolmentOutcome {
    do { return try body() } catch let refusal as EnrolmentRefusal {
      return .refused(refusal)
    } catch let refusal as UnrenewableCertificate {
      return .refused(EnrolmentRefusal(.forbidden, "the certificate cannot be renewed: \(refusal)"))
    } catch {
      return .refused(
        EnrolmentRefusal(.failed, "the service failed; its log says why", detail: "\(CommandError(error))"))
    }
  }
}

/// The reason why a client cannot authenticate with a certificate.
enum UnrenewableCertificate: Error, Equatable, CustomStringConvertible {
  case stranger, notYetValid, notIssuedHere, revoked, notAnAgents
  case expired(String), listOverdue(String)

  var description: String {
    switch self {
    case .stranger: "it was not issued by a root CA of this scheduler"
    case .expired(let day): "it expired on \(day); enrol again with a code: CREATE ENROLMENT CODE"
    case .notYetValid: "it is not valid yet; compare the clocks"
    case .notIssuedHere:
      "another scheduler issued it, and may have revoked it: import that scheduler's list with IMPORT CRL"
    case .listOverdue(let day):
      "another scheduler issued it, whose list expired on \(day): import a newer one with IMPORT CRL"
    case .revoked: "it was revoked"
    case .notAnAgents: "it is not an agent's certificate"
    }
  }

  var alert: CertificateAlert {
    switch self {
    case .stranger: .unknownAuthority
    case .expired, .notYetValid: .expired
    case .revoked: .revoked
    case .notIssuedHere, .listOverdue, .notAnAgents: .unsupportedCertificate
    }
  }
}

extension Certificate {
  /// Whether it has the form of a certificate that a scheduler issues for agents.
  fileprivate var isForServersAlone: Bool { !isCA && extendedKeyUsage == .serverAuthentication }
}
