/// The shares of clients in a fixed amount of something.
///
/// A client may hold no more than it leaves free: a single client gets half, two greedy clients get a third each. With a greed of 7 it may
/// hold seven times as much: seven eighths, and 7/15 each. So however much others hold, something is left for a client that holds nothing.
/// (Switches share memory among ports by this rule: Choudhury and Hahne, Dynamic Queue Length Thresholds, 1998.)
public struct ClientShares<Client: Hashable & Sendable>: Sendable {
  /// The total amount.
  public let total: Int
  /// How many times the amount that is free a client may hold.
  public let greed: Int
  /// The amount held by all clients.
  public private(set) var held = 0
  private var shares: [Client: Int] = [:]

  /// Creates shares of `total`, all of it free.
  public init(total: Int, greed: Int = 1) {
    self.total = total
    self.greed = greed
  }

  /// Returns the amount that `client` holds.
  public func share(of client: Client) -> Int { shares[client, default: 0] }

  /// Takes `amount` for `client`, which must give it back later.
  ///
  /// - Returns: `false` if that exceeds its share; then nothing is taken.
  public mutating func take(_ amount: Int = 1, for client: Client) -> Bool {
    let share = share(of: client)
    let rest = total - held - amount
    // One is for whoever has nothing: of a total of two, a client gets one.
    guard rest >= 0, share + amount <= greed * rest || (share == 0 && amount == 1) else { return false }
    held += amount
    shares[client] = share + amount
    return true
  }

  /// Gives back what `client` took.
  public mutating func giveBack(_ amount: Int = 1, of client: Client) {
    let share = share(of: client) - amount
    held -= amount
    shares[client] = share > 0 ? share : nil
  }
}
