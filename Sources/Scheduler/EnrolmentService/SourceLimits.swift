import ConnectionSource
import NIOCore

/// The limits per address and minute, and on the number of connections. Belongs to the only event loop of the service.
struct SourceLimits {
  /// The maximum number of connections.
  static let connections = 256
  /// The maximum number of connections from one address, which may be that of a whole site.
  static let connectionsOfSource = 64
  /// The maximum number of requests from one address per minute.
  static let requestsPerMinute = 600
  /// The maximum number of wrong codes from one address per minute.
  static let wrongCodesPerMinute = 10
  /// The maximum number of addresses that are counted separately; all others share one account.
  static let maximumSources = 4096

  private struct Account {
    var connections = 0
    var requests = 0
    var wrongCodes = 0
    var refusals = 0
    var began = NIODeadline.now()

    /// Whether it holds nothing that still matters.
    func isOver(_ now: NIODeadline) -> Bool { connections == 0 && began + .minutes(1) <= now }
  }

  /// The accounts; `nil` stands for all addresses that are not counted separately.
  private var accounts: [Source?: Account] = [:]
  private var total = 0

  /// Adds a connection.
  ///
  /// - Returns: why it is refused; `nil` if it is not.
  mutating func connected(_ source: Source, now: NIODeadline = .now()) -> String? {
    let key = key(source, now)
    if total >= Self.connections { return "there are \(total) connections already" }
    let own = accounts[key]?.connections ?? 0
    if own >= Self.connectionsOfSource { return "there are \(own) connections from that address already" }
    accounts[key, default: Account()].connections += 1
    total += 1
    return nil
  }

  /// Removes a connection that was added.
  mutating func disconnected(_ source: Source) {
    let key = accounts[source] == nil ? nil : source
    if let account = accounts[key], account.connections > 0 { accounts[key]?.connections -= 1 }
    total = max(0, total - 1)
  }

  /// Counts a request and returns whether the address may make it now.
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

  /// Returns whether another refusal of the address is worth a line in the log; ten per minute are.
  mutating func isWorthALine(_ source: Source, now: NIODeadline = .now()) -> Bool {
    let key = key(source, now)
    accounts[key, default: Account()].refusals += 1
    return (accounts[key]?.refusals ?? 0) <= 10
  }

  /// Returns the key of an address's account, which is reset if its minute has passed.
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
