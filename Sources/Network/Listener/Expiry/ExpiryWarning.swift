import ClientVerification
import OpenSSL
import Values

/// A warning that something is about to expire or has expired, and what to do about it.
struct ExpiryWarning: Equatable {
  /// Identifies the item and its stage; the same warning has the same key a day later.
  var key: String
  /// The text for the log and the API.
  var text: String
}

extension DatedMaterial {
  /// How long before a certificate expires the warning begins, in seconds.
  static let noticeOfCertificate: Int64 = 30 * 86400

  /// Returns all warnings that apply at `now` (seconds since the epoch).
  func warnings(at now: Int64) -> [ExpiryWarning] {
    items.compactMap { item in
      guard let end = item.end else { return nil }
      if end > now + notice(of: item, end) { return nil }
      let isOver = end < now
      return ExpiryWarning(
        key: "\(item.kind) \(item.thumbprint) \(isOver)", text: isOver ? over(item, end, now) : soon(item, end, now))
    }
  }

  private func notice(of item: Item, _ end: Int64) -> Int64 {
    switch item.kind {
    case .revocationList: return RevocationList.notice(begin: item.begin, end: end)
    case .listener:
      // A renewal that is not due yet is nothing to warn of; one that has failed for a while is.
      guard let renewAt else { return Self.noticeOfCertificate }
      return min(Self.noticeOfCertificate, max(end - renewAt, 0) / 4 * 3)
    case .root, .intermediate: return Self.noticeOfCertificate
    }
  }

  /// What to do about the listener's certificate.
  private var listenerRemedy: String {
    guard let renewAt else {
      return "import its successor with agent-register -I FILE, then agent-register -L -t THUMBPRINT"
    }
    return
      "its renewal is due since \(Timestamp(seconds: renewAt)) and has not succeeded: agent-register --renew says why"
  }

  private func soon(_ item: Item, _ end: Int64, _ now: Int64) -> String {
    let when = "in \(TimeText.span(end - now)) (\(Timestamp(seconds: end)))"
    return switch item.kind {
    case .listener: "the listener certificate \(item.subject) expires \(when): \(listenerRemedy)"
    case .root:
      "the root \(item.subject) expires \(when), and its clients are refused from then on: \(Self.rootRemedy)"
    case .intermediate:
      "the intermediate \(item.subject) expires \(when), and its clients are refused from then on: \(Self.caRemedy)"
    case .revocationList: "the revocation list of \(item.subject) is due \(when): \(Self.listRemedy)"
    }
  }

  private func over(_ item: Item, _ end: Int64, _ now: Int64) -> String {
    let moment = Timestamp(seconds: end)
    let when = "\(TimeText.span(now - end)) ago (\(moment))"
    switch item.kind {
    case .listener:
      return
        "the listener certificate \(item.subject) expired \(when), and schedulers refuse it: \(listenerRemedy)"
    case .root: return "the root \(item.subject) expired \(when), and its clients are refused: \(Self.rootRemedy)"
    case .intermediate:
      return "the intermediate \(item.subject) expired \(when), and its clients are refused: \(Self.caRemedy)"
    case .revocationList:
      let consequence =
        acceptsExpiredLists
        ? "its entries still count, later ones are missing (crl_expired = \"warn\")"
        : "this issuer's clients are refused (crl_expired = \"refuse\")"
      return
        "the revocation list of \(item.subject) expired at \(moment): \(consequence); \(Self.listRemedy)"
    }
  }

  private static let rootRemedy =
    "import its successor with agent-register -I FILE; agent-register -x removes this one"
  private static let caRemedy = "import its successor with agent-register -I FILE; agent-register -x removes this one"
  private static let listRemedy = "import a new one with agent-register -I FILE"
}
