import AgentProtocol
import Synchronization
import Wording

/// Decides who may use a console: whoever has entered by a link, each of which works once.
public final class ConsoleGate: Sendable {
  /// How long a link can be used.
  static let linkTime = Duration.seconds(600)
  /// How long a session lasts without a request.
  static let sessionTime = Duration.seconds(12 * 3600)
  /// The maximum number of links, and of sessions; more of them end the oldest.
  static let maximum = 16

  private struct State {
    /// When each link expires, and when each session does, by the digest of its secret: what is compared is not the secret.
    var links: [[UInt8]: ContinuousClock.Instant] = [:]
    var sessions: [[UInt8]: ContinuousClock.Instant] = [:]
  }

  /// The name of the cookie. Cookies are not kept apart by port, so every console has its own.
  let cookieName = "agentctl-console-\(ConsoleGate.secret(bytes: 4))"
  private let state = Mutex(State())

  /// Creates a gate through which nobody gets yet.
  public init() {}

  /// Returns the path and query of a new link.
  public func newLink() -> String {
    let secret = Self.secret(bytes: 24)
    state.withLock { Self.add(secret, to: &$0.links, for: Self.linkTime) }
    return "/enter?link=\(secret)"
  }

  /// Uses a link.
  ///
  /// - Returns: the secret of the new session; nil if the link was used before or has expired.
  func enter(_ link: String, now: ContinuousClock.Instant = .now) -> String? {
    state.withLock { state in
      guard let end = state.links.removeValue(forKey: Self.digest(link)), now < end else { return nil }
      let session = Self.secret(bytes: 24)
      Self.add(session, to: &state.sessions, for: Self.sessionTime, now: now)
      return session
    }
  }

  /// Returns whether a request with these fields `Cookie` belongs to a session, which is then extended.
  func admits(_ cookies: [String], now: ContinuousClock.Instant = .now) -> Bool {
    let secrets = cookies.flatMap { $0.parts(at: ";") }.compactMap { cookie -> String? in
      let parts = String(decoding: cookie.utf8.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self).parts(at: "=", most: 1)
      return parts.count == 2 && parts[0].isSame(as: cookieName) ? parts[1] : nil
    }
    guard secrets.count == 1 else { return false }
    let key = Self.digest(secrets[0])
    return state.withLock { state in
      guard let end = state.sessions[key], now < end else { return false }
      state.sessions[key] = now + Self.sessionTime
      return true
    }
  }

  private static func add(
    _ secret: String, to table: inout [[UInt8]: ContinuousClock.Instant], for time: Duration,
    now: ContinuousClock.Instant = .now
  ) {
    table = table.filter { now < $0.value }
    if table.count >= maximum, let oldest = table.min(by: { $0.value < $1.value })?.key { table[oldest] = nil }
    table[digest(secret)] = now + time
  }

  private static func digest(_ secret: String) -> [UInt8] { SHA256.digest(of: Array(secret.utf8)) }

  private static func secret(bytes: Int) -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<bytes).map { _ in
      let digits = String(UInt8.random(in: 0...UInt8.max, using: &random), radix: 16)
      return digits.utf8.count < 2 ? "0\(digits)" : digits
    }.joined()
  }
}
