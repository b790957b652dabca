import CertificateAuthority
import Console
import EnrolmentProtocol
import OpenSSL
import SchedulerRegistry
import Values
import Wording

extension Scheduler {
  /// The default validity of a code, in seconds.
  private static let codeTime: Int64 = 86400
  /// The maximum validity of a code, in seconds.
  private static let maximumCodeTime: Int64 = 30 * 86400

  /// Executes CREATE ENROLMENT CODE.
  func createEnrolmentCode(_ switches: Switches) throws -> CommandAnswer {
    let seconds = try switches.time("EXPIRES", otherwise: Self.codeTime, most: Self.maximumCodeTime)
    let end = Timestamp(seconds: now + seconds)
    if let file = switches.value("FILENAME") {
      if switches.has("SAN") {
        throw CommandError(.usage, "/SAN cannot be combined with /FILENAME: more names follow the agent's in its line")
      }
      let agents = try EnrollingAgent.all(in: file)
      let codes = try createCodes(agents, end)
      return CommandAnswer(
        aligned(zip(agents, codes).map { [$0.name, $1.text] }),
        warnings: ["each code is shown only once and is good for one certificate, until \(end)"])
    }
    let agent = EnrollingAgent(name: try switches.agentName(), names: try switches.alternativeNames())
    let code = try createCodes([agent], end)[0]
    let further = agent.names.isEmpty ? "" : ", with the names \(agent.names.map(\.value).joined(separator: ", "))"
    return CommandAnswer([
      "New enrolment code", "  agent       \(agent.name)\(further)", "  valid to    \(end)",
      "  code        \(code.text)",
      "It is shown only once and is good for one certificate. Type it on the agent when this asks for it:",
      "  jams-register -R -s \(hostNames[0]) -n \(agent.name)",
      "The enrolment service must be running here then: SERVE ENROLMENT",
    ])
  }

  /// Returns new codes, in the order of the agents.
  private func createCodes(_ agents: [EnrollingAgent], _ end: Timestamp) throws -> [EnrolmentCode] {
    let requester = Requester.name
    return try registry.update { record, transaction in
      let root = try authority(nil, record, transaction.before).certificate.sha256Thumbprint
      record.forgetCodes(.now())
      // A new code replaces an unused one: that is how a code is cancelled.
      record.removeUnusedCodes(of: Set(agents.map { $0.name.lowercased() }))
      return agents.map { agent in
        let code = EnrolmentCode(root: root)
        record.enrolmentCodes.append(
          EnrolmentCodeRecord(
            secretDigest: SHA256.hexadecimal(Array(code.secret.utf8)), root: root, agentName: agent.name,
            dnsNames: agent.names.compactMap { if case .dns(let name) = $0 { name } else { nil } },
            addresses: agent.names.compactMap { if case .address(let address) = $0 { address } else { nil } },
            createdAt: .now(), createdBy: requester, expiresAt: end))
        return code
      }
    }
  }

  /// Executes LIST ENROLMENT CODE.
  func listEnrolmentCodes(_ switches: Switches) throws -> CommandAnswer {
    let codes = try registry.record().enrolmentCodes.sorted {
      ($0.agentName, $0.expiresAt) < ($1.agentName, $1.expiresAt)
    }
    let time = Timestamp.now()
    return try list(
      codes.map(ListedCode.init), switches, none: "no enrolment code; make one with CREATE ENROLMENT CODE"
    ) { codes in
      codes.map { code in
        [
          code.agentName, "created \(code.createdAt?.description ?? "earlier")", "valid to \(code.expiresAt)",
          code.usedAt.map { "used \($0)" } ?? (code.expiresAt < time ? "expired" : "not used"),
        ].joined(separator: "  ")
      }
    }
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
      record.removeUnusedCodes(of: [name.lowercased()])
    }
    return CommandAnswer(["Enrolment code REMOVED", "  agent       \(name)"])
  }
}

extension RegistryRecord {
  /// Removes the unused codes of agents.
  ///
  /// - Parameter names: their names, in lower case.
  fileprivate mutating func removeUnusedCodes(of names: Set<String>) {
    enrolmentCodes.removeAll { names.contains($0.agentName.lowercased()) && $0.usedAt == nil }
  }

  /// Forgets the codes that expired long ago.
  mutating func forgetCodes(_ now: Timestamp) {
    enrolmentCodes.removeAll { $0.expiresAt + EnrolmentCodeRecord.memory < now }
  }
}

/// A code in LIST ENROLMENT CODE: what is recorded of it, without its digest.
private struct ListedCode: Encodable {
  let agentName: String
  let names: [String]
  let createdAt: Timestamp?
  let createdBy: String?
  let expiresAt: Timestamp
  let usedAt: Timestamp?

  init(_ code: EnrolmentCodeRecord) {
    agentName = code.agentName
    names = code.dnsNames + code.addresses
    createdAt = code.createdAt
    createdBy = code.createdBy
    expiresAt = code.expiresAt
    usedAt = code.usedAt
  }

  enum CodingKeys: String, CodingKey {
    case names
    case agentName = "agent_name"
    case createdAt = "created_at"
    case createdBy = "created_by"
    case expiresAt = "expires_at"
    case usedAt = "used_at"
  }
}
