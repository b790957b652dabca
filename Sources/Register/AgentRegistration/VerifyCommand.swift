import AgentConfiguration
import CertificateImport
import ClientVerification
import Console
import Forecast
import OpenSSL
import Values

extension Registration {
  /// Checks whether a client that presents the certificates of a file would be accepted: `-V`.
  ///
  /// - Parameters:
  ///   - file: the client's certificate first, then others of its chain; a private key in it is ignored.
  ///   - time: the time to check for; `nil` for now.
  public func verify(_ file: String, password: PasswordSource, at time: String?) throws -> Report {
    let moment = try time.map(Self.moment) ?? Timestamp(seconds: now)
    let contents = try SourceFile.read(file, limit: Bundle.maximumBytes)
    let certificates: [Certificate]
    do { certificates = try Bundle.certificates(in: contents.bytes, password: password.password) } catch let refusal
      as ImportRefusal
    {
      throw CommandError(.data, "\(file): \(refusal)")
    }
    let catalog = try catalog()
    let examination = try judgedStore(catalog).verifier().examine(
      certificates[0], presentedIntermediates: Array(certificates.dropFirst()), at: moment.seconds)
    return try report(examination, certificates[0], moment, staleLists(catalog, examination, at: moment))
  }

  /// Parses a time; a date means its first second.
  static func moment(_ text: String) throws(CommandError) -> Timestamp {
    guard let moment = Timestamp.momentOrDate(text) else {
      throw CommandError(
        .usage, "--at: \(String(reflecting: text)) is not a time such as 2026-12-31T23:59:59Z or 2026-12-31")
    }
    return moment
  }

  /// Returns a warning for each expired list by which the client was judged and accepted.
  private func staleLists(_ catalog: StoreCatalog, _ examination: Examination, at moment: Timestamp) -> [String] {
    guard case .accepted(let chain, _) = examination.verdict else { return [] }
    return catalog.revocationLists.filter { list in chain.contains { list.isNamed(after: $0) } }.compactMap { list in
      guard let due = list.nextUpdate, due < moment.seconds else { return nil }
      return "the revocation list of \(list.issuer) expired at \(Timestamp(seconds: due).short): its entries count, "
        + "later ones are missing (crl_expired = \"warn\")"
    }
  }

  private func report(
    _ examination: Examination, _ leaf: Certificate, _ moment: Timestamp, _ warnings: [String]
  ) throws -> Report {
    let links = ChainLink.links(of: examination)
    var (headline, reason) = ("accepted: \(leaf.subject) would be let in at \(moment.short)", nil as Refusal?)
    if case .refused(let refusal) = examination.verdict { (headline, reason) = ("refused: \(refusal.reason)", refusal) }
    var report =
      invocation.json
      ? try Report(json: VerdictDescription(reason, links), warnings: warnings)
      : Report(lines: [headline] + ChainLink.tree(links), warnings: warnings)
    if reason != nil { report.status = .refused }
    return report
  }
}

/// The output of `-V --json`.
struct VerdictDescription: Encodable {
  let accepted: Bool
  let reason: String?
  /// The word for the rule that refuses the client.
  let rule: String?
  let links: [ChainLink]

  init(_ refusal: Refusal?, _ links: [ChainLink]) {
    accepted = refusal == nil
    reason = refusal?.reason
    rule = refusal?.breach.rule.rawValue
    self.links = links
  }

  enum CodingKeys: CodingKey {
    case accepted, reason, rule, links
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(accepted, forKey: .accepted)
    // null, not absent, so that a reader need not distinguish the two.
    try container.encode(reason, forKey: .reason)
    try container.encode(rule, forKey: .rule)
    try container.encode(links, forKey: .links)
  }
}
