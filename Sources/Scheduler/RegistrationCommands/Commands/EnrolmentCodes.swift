import CertificateAuthority
import Console
import EnrolmentProtocol
import OpenSSL
import SchedulerRegistry
import Values

extension Scheduler {
  /// The default validity of a code, in seconds.
  private static let codeTime: Int64 = 86400
  /// The maximum validity of a code, in seconds.
  private static let maximumCodeTime: Int64 = 30 * 86400

  /// Executes CREATE ENROLMENT CODE.
  func createEnrolmentCode(_ switches: Switches) throws -> CommandAnswer {
    let name = try switches.agentName()
    let names = try switches.alternativeNames()
    let seconds = try switches.time("EXPIRES", otherwise: Self.codeTime, most: Self.maximumCodeTime)
    let end = Timestamp(seconds: now + seconds)
    let code = try registry.update { record, transaction in
      let root = try authority(nil, record, transaction.before).certificate.sha256Thumbprint
      let code = EnrolmentCode(root: root)
      record.forgetCodes(.now())
      // A new code replaces an unused one: that is how a code is cancelled.
      record.removeUnusedCodes(of: name)
      record.enrolmentCodes.append(
        EnrolmentCodeRecord(
          secretDigest: SHA256.hexadecimal(Array(code.secret.utf8)), root: root, agentName: name,
          dnsNames: names.compactMap { if case .dns(let name) = $0 { name } else { nil } },
          addresses: names.compactMap { if case .address(let address) = $0 { address } else { nil } },
          createdAt: .now(), expiresAt: end))
      return code
    }
    let further = names.isEmpty ? "" : ", with the names \(names.map(\.value).joined(separator: ", "))"
    return CommandAnswer([
      "New enrolment code", "  agent       \(name)\(further)", "  valid to    \(end)", "  code        \(code.text)",
      "It is shown only once and is good for one certificate. Type it on the agent when this asks for it:",
      "  jams-register -R -s \(hostNames[0]) -n \(name)",
      "The enrolment service must be running here then: SERVE ENROLMENT",
    ])
  }

  /// Executes LIST ENROLMENT CODE.
  func listEnrolmentCodes() throws -> CommandAnswer {
    let codes = try registry.record().enrolmentCodes.sorted {
      ($0.agentName, $0.expiresAt) < ($1.agentName, $1.expiresAt)
    }
    if codes.isEmpty { return CommandAnswer(["no enrolment code; make one with CREATE ENROLMENT CODE"]) }
    let time = Timestamp.now()
    return CommandAnswer(
      codes.map { code in
        [
          code.agentName, "created \(code.createdAt?.description ?? "earlier")", "valid to \(code.expiresAt)",
          code.usedAt.map { "used \($0)" } ?? (code.expiresAt < time ? "expired" : "not used"),
        ].joined(separator: "  ")
      })
  }

  /// Executes REMOVE ENROLMENT CODE. A code that was used is kept, so that whoever presents it again is told so.
  func removeEnrolmentCode(_ switches: Switches) throws -> CommandAnswer {
    let name = switches.required("AGENTNAME")
    try registry.update { record, _ in
      let own = record.enrolmentCodes.filter { AgentName.isSame($0.agentName, name) }
      if let used = own.compactMap(\.usedAt).max(), !own.contains(where: { $0.usedAt == nil }) {
        throw CommandError(
          .data,
          "the enrolment code of \(name) was used at \(used); REVOKE CERT revokes the certificate that it was used for")
      }
      guard !own.isEmpty else {
        throw CommandError(.data, "there is no enrolment code for \(name); LIST ENROLMENT CODE shows all")
      }
      record.removeUnusedCodes(of: name)
    }
    return CommandAnswer(["Enrolment code REMOVED", "  agent       \(name)"])
  }
}

extension RegistryRecord {
  /// Removes the unused codes of an agent.
  fileprivate mutating func removeUnusedCodes(of agentName: String) {
    enrolmentCodes.removeAll { AgentName.isSame($0.agentName, agentName) && $0.usedAt == nil }
  }

  /// Forgets the codes that expired long ago.
  mutating func forgetCodes(_ now: Timestamp) {
    enrolmentCodes.removeAll { $0.expiresAt + EnrolmentCodeRecord.memory < now }
  }
}
