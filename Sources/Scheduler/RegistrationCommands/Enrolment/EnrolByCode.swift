import CertificateAuthority
import CertificateStore
import EnrolmentProtocol
import EnrolmentService
import OpenSSL
import SchedulerRegistry
import Values

extension RegistryAuthority {
  func enrol(request: [UInt8], user: String, password: String) -> EnrolmentOutcome {
    outcome {
      // The form first: a request that cannot be signed must not use up a code.
      let request = try wellFormed(request)
      guard let secret = EnrolmentCode.secret(in: password) else { throw Self.wrongCode(user) }
      let digest = SHA256.hexadecimal(Array(secret.utf8))
      // First without the writers' lock, so that guessing does not block other writers.
      guard try scheduler.registry.record().enrolmentCodes.contains(where: { $0.secretDigest == digest }) else {
        throw Self.wrongCode(user)
      }
      let issued = try scheduler.registry.update { record, transaction in
        guard let index = record.enrolmentCodes.firstIndex(where: { $0.secretDigest == digest }) else {
          throw Self.wrongCode(user)
        }
        let code = record.enrolmentCodes[index]
        try check(code, user, request)
        let authority = try authority(code.root, record, transaction.before)
        let certificate = try issue(code.agentName, code.names, request.key, authority, &record, by: code.createdBy)
        record.enrolmentCodes[index].usedAt = code.usedAt ?? .now()
        record.enrolmentCodes[index].usedFor = request.key.sha256
        return (certificate, code.agentName)
      }
      return .issued(issued.0, agentName: issued.1)
    }
  }

  private func check(
    _ code: EnrolmentCodeRecord, _ user: String, _ request: ListenerRequest
  ) throws(EnrolmentRefusal) {
    if code.expiresAt < .now() {
      throw EnrolmentRefusal(
        .unauthorized, "the enrolment code expired at \(code.expiresAt); CREATE ENROLMENT CODE makes a new one",
        detail: "expired code of \(code.agentName)")
    }
    if let usedAt = code.usedAt, code.usedFor != request.key.sha256 {
      throw EnrolmentRefusal(
        .unauthorized, "the enrolment code was used at \(usedAt); if that was not you, tell whoever gave it to you",
        detail: "code of \(code.agentName) that was used at \(usedAt)")
    }
    guard user.isEmpty || AgentName.isSame(user, code.agentName) else {
      throw EnrolmentRefusal(
        .forbidden,
        "the enrolment code is for another agent, not \(user.debugDescription): use the name given to CREATE ENROLMENT CODE",
        detail: "code of \(code.agentName) given by \(user.debugDescription)")
    }
    try checkNames(request, allowed: [.dns(code.agentName)] + code.names)
  }

  /// Returns the root CA that the code promises to the agent.
  private func authority(
    _ root: Thumbprint, _ record: RegistryRecord, _ snapshot: StoreSnapshot
  ) throws -> CertificateAuthority {
    guard let certificate = try scheduler.catalog(snapshot).roots.first(where: { $0.sha256Thumbprint == root }) else {
      throw EnrolmentRefusal(.unauthorized, "the enrolment code belongs to a root CA that is gone; ask for a new code")
    }
    return try scheduler.authority(certificate, record)
  }

  private static func wrongCode(_ user: String) -> EnrolmentRefusal {
    EnrolmentRefusal(
      .unauthorized, "there is no such enrolment code", detail: "wrong code, given by \(user.debugDescription)")
  }
}

extension EnrolmentCodeRecord {
  /// The further names for the certificate.
  var names: [AlternativeName] { dnsNames.map { .dns($0) } + addresses.map { .address($0) } }
}
