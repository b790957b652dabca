import AgentConfiguration
import AgentProtocol
import CertificateImport
import ClientVerification
import OpenSSL

extension Registration {
  /// `-V`: whether a client that presents the certificates of a file would be let in.
  ///
  /// - Parameters:
  ///   - file: the client's certificate first, then others of its chain; a private key in it is not looked at.
  ///   - time: the moment to judge for; now without one.
  public func verify(_ file: String, password: PasswordSource, at time: String?) throws -> Report {
    let moment = try time.map(Self.moment) ?? Timestamp(seconds: now)
    let contents = try SourceFile.read(file, limit: Bundle.maximumBytes)
    let certificates: [Certificate]
    do { certificates = try Bundle.certificates(in: contents.bytes, password: password.password) } catch let refusal
      as ImportRefusal
    {
      throw RegistrationError(.data, "\(file): \(refusal)")
    }
    let catalog = try catalog()
    let verifier = try ClientVerifier(
      roots: catalog.roots, intermediates: catalog.certificates.filter(\.isCA),
      revocationLists: catalog.revocationLists,
      expiredRevocationLists: configuration.tls.crlExpired == .warn ? .accept : .refuse)
    let verdict = verifier.verify(
      certificates[0], presentedIntermediates: Array(certificates.dropFirst()), at: moment.milliseconds / 1000)
    return try report(verdict, certificates[0], moment)
  }

  /// A date means its first second.
  private static func moment(_ text: String) throws(RegistrationError) -> Timestamp {
    guard let moment = Timestamp(text) ?? Timestamp("\(text)T00:00:00Z") else {
      throw RegistrationError(
        .usage, "--at: \(String(reflecting: text)) is no time such as 2026-12-31T23:59:59Z or 2026-12-31")
    }
    return moment
  }

  private func report(_ verdict: Verdict, _ leaf: Certificate, _ moment: Timestamp) throws -> Report {
    var report: Report
    switch verdict {
    case .accepted(let chain, _):
      report =
        invocation.json
        ? try Report(json: VerdictDescription(accepted: true, reason: nil))
        : Report(lines: ["accepted: \(leaf.subject) would be let in at \(moment.short)"] + Self.tree(chain))
    case .refused(let refusal):
      report =
        invocation.json
        ? try Report(json: VerdictDescription(accepted: false, reason: refusal.reason))
        : Report(lines: ["refused: \(refusal.reason)"])
      report.status = .refused
    }
    return report
  }

  private static func tree(_ chain: [Certificate]) -> [String] {
    chain.enumerated().map { depth, certificate in
      let end = Timestamp(seconds: certificate.notAfter).short
      let indent = String(repeating: "  ", count: depth + 1)
      return "\(indent)\(depth == 0 ? "" : "issued by ")\(certificate.subject), valid to \(end)"
    }
  }
}

/// What `-V --json` prints.
struct VerdictDescription: Encodable {
  let accepted: Bool
  let reason: String?

  enum CodingKeys: CodingKey {
    case accepted, reason
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(accepted, forKey: .accepted)
    // null, not absent: a reader need not tell the two apart.
    try container.encode(reason, forKey: .reason)
  }
}
