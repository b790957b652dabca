import ConnectionSource
import NIOCore

/// What one address may do in a minute, and how many connections there may be. Belongs to the service's one event loop.
struct SourceLimits {
  /// Connections at a time, in all.
  static let connections = 256
  /// Connections at a time of one address, behind which there may be a whole site.
  static let connectionsOfSource = 64
  /// Requests of one address in a minute.
  static let requestsPerMinute = 600
  /// Wrong codes of one address in a minute.
  static let wrongCodesPerMinute = 10
  /// The most addresses that are told apart; the others share what one may do.
  static let maximumSources = 4096

  private struct Account {
    var connections = 0
    var requests = 0
    var wrongCodes = 0
    var refusals = 0
    var began = NIODeadline.now()

    /// Whether it says nothing that matters any more.
    func isOver(_ now: NIODeadline) -> Bool { connections == 0 && began + .minutes(1) <= now }
  }

  /// `nil` stands for all that are not told apart.
  private var accounts: [Source?: Account] = [:]
  private var total = 0

  /// Counts a connection in.
  ///
  /// - Returns: why it is too many; `nil` if it is not.
  mutating func connected(_ source: Source, now: NIODeadline = .now()) -> String? {
    let key = key(source, now)
    if total >= Self.connections { return "there are \(total) connections already" }
    let own = accounts[key]?.connections ?? 0
    if own >= Self.connectionsOfSource { return "there are \(own) connections from that address already" }
    accounts[key, default: Account()].connections += 1
    total += 1
    return nil
  }

  /// Counts a connection out that was counted in.
  mutating func disconnected(_ source: Source) {
    let key = accounts[source] == nil ? nil : source
    if let account = accounts[key], account.connections > 0 { accounts[key]?.connections -= 1 }
    total = max(0, total - 1)
  }

  /// Whether that address may make one more request now; counts it.
  mutating func mayAsk(_ source: Source, now: NIODeadline = .now()) -> Bool {
    let key = key(source, now)
    accounts[key, default: Account()].requests += 1
    let account = accounts[key] ?? Account()
    return account.requests <= Self.requestsPerMinute && account.wrongCodes < Self.wrongCodesPerMinute
  }

  /// Counts a wrong code.
  mutating func wrongCode(_ source: Source, now: NIODeadline = .now()) {
    accounts[key(source, now), default: Account()].wrongCodes += 1
  }

  /// Whether one more refusal of that address is worth a line of the log: ten a minute are.
  mutating func isWorthALine(_ source: Source, now: NIODeadline = .now()) -> Bool {
    let key = key(source, now)
    accounts[key, default: Account()].refusals += 1
    return (accounts[key]?.refusals ?? 0) <= 10
  }

  /// The account of an address, begun anew where its minute is over.
  private mutating func key(_ source: Source, _ now: NIODeadline) -> Source? {
    if accounts[source] == nil, accounts.count >= Self.maximumSources {
      accounts = accounts.filter { !$0.value.isOver(now) }
    }
    let key = accounts[source] == nil && accounts.count >= Self.maximumSources ? nil : source
    if let account = accounts[key], account.began + .minutes(1) <= now {
      accounts[key] = Account(connections: account.connections, began: now)
    }
    return key
  }
}
