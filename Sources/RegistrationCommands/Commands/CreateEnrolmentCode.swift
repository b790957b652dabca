import AgentProtocol
import CertificateAuthority
import EnrolmentProtocol
import OpenSSL
import SchedulerRegistry

extension Scheduler {
  /// Seconds that a code is good for without another wish.
  private static let codeTime: Int64 = 86400
  /// The most seconds.
  private static let maximumCodeTime: Int64 = 30 * 86400

  /// CREATE ENROLMENT CODE.
  func createEnrolmentCode(_ switches: Switches) throws -> CommandAnswer {
    let name = try switches.agentName()
    let names = try switches.alternativeNames()
    let seconds = try switches.time("EXPIRES", otherwise: Self.codeTime, most: Self.maximumCodeTime)
    let end = Timestamp(milliseconds: (now + seconds) * 1000)
    let code = try registry.update { record, transaction in
      let root = try authority(nil, record, transaction.before).certificate.sha256Thumbprint
      let code = EnrolmentCode(root: root)
      record.forgetCodes(.now())
      // A new code takes the place of one that was not used: that is how one is taken back.
      record.enrolmentCodes.removeAll { AgentName.isSame($0.agentName, name) && $0.usedAt == nil }
      record.enrolmentCodes.append(
        EnrolmentCodeRecord(
          secretDigest: SHA256.hexadecimal(Array(code.secret.utf8)), root: root, agentName: name,
          dnsNames: names.compactMap { if case .dns(let name) = $0 { name } else { nil } },
          addresses: names.compactMap { if case .address(let address) = $0 { address } else { nil } }, expiresAt: end))
      return code
    }
    let further = names.isEmpty ? "" : ", with the names \(names.map(\.value).joined(separator: ", "))"
    return CommandAnswer([
      "New enrolment code", "  agent       \(name)\(further)", "  valid to    \(end)", "  code        \(code.text)",
      "It is shown this once, and good for one certificate. Type it on the agent, when this asks for it:",
      "  jams-register -R -s \(hostNames[0]) -n \(name)",
      "The service it goes to has to run here meanwhile: SERVE ENROLMENT",
    ])
  }
}

extension RegistryRecord {
  /// Forgets the codes that were over long ago.
  mutating func forgetCodes(_ now: Timestamp) {
    enrolmentCodes.removeAll { $0.expiresAt.milliseconds + EnrolmentCodeRecord.memory < now.milliseconds }
  }
}
