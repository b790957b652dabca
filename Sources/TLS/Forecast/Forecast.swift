import AgentProtocol
import ClientVerification
import OpenSSL
import Values
import Wording

/// What will break in a store, and for which recently seen clients, if nothing is done: the verifier's own verdicts at later times.
public struct Forecast: Sendable {
  /// The breakages in order of time.
  public let breakages: [Breakage]

  /// Computes the forecast from `now` (seconds since the epoch) on, without an end.
  ///
  /// - Parameter clients: recently seen clients, the most recent first.
  public init(of store: JudgedStore, clients: [SeenClient], from now: Int64) throws(OpenSSLError) {
    let verifier = try store.verifier()
    var fates = clients.compactMap { ClientFate(of: $0, by: verifier, store.revocationLists, from: now) }
    var found = Self.issuers(store, &fates) + Self.lists(store, &fates)
    if let listener = Self.listener(store) { found.append(listener) }
    found += fates.map(Self.breakage)
    // Stable: a breakage for many comes before a breakage for one.
    breakages = found.enumerated()
      .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
  }

  /// Returns the breakages up to `time`.
  public func breakages(by time: Timestamp) -> [Breakage] { breakages.filter { $0.time <= time } }

  /// Returns the breakages of roots and intermediates. Removes from `fates` the clients that these affect.
  private static func issuers(_ store: JudgedStore, _ fates: inout [ClientFate]) -> [Breakage] {
    let chain = Set(store.listenerChain.map(\.sha256Thumbprint))
    let issuers = store.roots.map { ($0, "root") } + store.intermediates.map { ($0, "intermediate") }
    return issuers.compactMap { certificate, role in
      let thumbprint = certificate.sha256Thumbprint
      let concerned = take(from: &fates) { $0.issuer == thumbprint }
      guard certificate.notAfter < .max else { return nil }
      let isListeners = chain.contains(thumbprint)
      let isNeeded = isListeners || !concerned.isEmpty
      let remedy =
        isNeeded
        ? "import its successor, and issue certificates with that"
        : "replace it, or remove it with agent-register -x"
      return breakage(
        certificate.notAfter,
        "\(role) \(name(certificate)) expires" + consequences(concerned, isListeners: isListeners), remedy)
    }
  }

  private static func lists(_ store: JudgedStore, _ fates: inout [ClientFate]) -> [Breakage] {
    store.revocationLists.compactMap { list in
      let concerned = take(from: &fates) { $0.listIssuer == list.issuer }
      guard store.expiredRevocationLists == .refuse, let due = list.nextUpdate, due < .max else { return nil }
      let text = "the revocation list of \(list.issuer) expires, and its clients are refused"
      return breakage(
        due, text + consequences(concerned, isListeners: false), "import the next one with agent-register -I")
    }
  }

  /// Returns the breakage of the listener's certificate, or of an issuer that only it has.
  private static func listener(_ store: JudgedStore) -> Breakage? {
    guard let own = store.listenerChain.first else { return nil }
    let others = Set((store.roots + store.intermediates).map(\.sha256Thumbprint))
    let chain = store.listenerChain.filter { $0 == own || !others.contains($0.sha256Thumbprint) }
    guard let first = chain.min(by: { $0.notAfter < $1.notAfter }), first.notAfter < .max else { return nil }
    let what = first == own ? "listener certificate \(name(own))" : "issuer \(name(first)) of the listener certificate"
    return breakage(
      first.notAfter, "\(what) expires: schedulers no longer accept this agent",
      "import a renewed one with agent-register -I, and choose it with -L -t")
  }

  private static func breakage(_ fate: ClientFate) -> Breakage {
    let client = "client \(name(fate.client.certificate))"
    let what =
      switch fate.refusal.breach {
      case .expired(let link, _, _) where link.isClient: "the certificate of \(client) expires"
      case .expired(let link, _, _): "issuer \(link.subject) of \(client) expires"
      default: "a client is refused: \(fate.refusal.reason)"
      }
    return breakage(fate.time, what, "issue a new certificate")
  }

  private static func breakage(_ time: Int64, _ what: String, _ remedy: String) -> Breakage {
    Breakage(time: Timestamp(seconds: time), what: what, remedy: remedy)
  }

  private static func take(from fates: inout [ClientFate], _ belongs: (ClientFate) -> Bool) -> [SeenClient] {
    let taken = fates.filter(belongs)
    fates.removeAll(where: belongs)
    return taken.map(\.client)
  }

  private static func consequences(_ clients: [SeenClient], isListeners: Bool) -> String {
    var parts: [String] = []
    if let last = clients.first {
      let count = counted(clients.count, "client")
      parts.append("\(count) seen lately cannot connect without it (\(last.certificate.subject) last)")
    }
    if isListeners { parts.append("the listener's certificate chains to it") }
    return parts.isEmpty ? "; no client seen lately needs it" : "; \(parts.joined(separator: ", and "))"
  }

  private static func name(_ certificate: Certificate) -> String {
    "\(certificate.subject) (sha256 \(certificate.sha256Thumbprint.beginning)…)"
  }
}
