import AgentProtocol
import SupervisorLink
import Synchronization

/// Limits what the clients of this listener may have in progress, by kind: a share for each client, and a total.
final class Allowances: Sendable {
  /// A limited resource.
  enum Kind: CaseIterable {
    /// Streams of events.
    case eventStreams
    /// Answers that follow a job's output.
    case followers
    /// Bytes of requests that are not complete yet.
    case bodyBytes
  }

  private let shares: Mutex<[Kind: ClientShares<ClientKey>]>

  init(_ limits: HTTPLimits) {
    let shares = Kind.allCases.map { ($0, ClientShares<ClientKey>(total: limits.total($0))) }
    self.shares = Mutex(Dictionary(uniqueKeysWithValues: shares))
  }

  /// Grants an amount, which is returned when the allowance is released.
  ///
  /// - Throws: if the client has already used its share.
  func take(_ kind: Kind, _ amount: Int = 1, for client: VerifiedClient) throws(RequestRefusal) -> Allowance {
    let allowance = Allowance(self, kind, ClientKey(client))
    try allowance.grow(by: amount)
    return allowance
  }

  fileprivate func take(_ kind: Kind, _ amount: Int, _ client: ClientKey) throws(RequestRefusal) {
    let (isTaken, share) = shares.withLock { shares in
      (shares[kind]?.take(amount, for: client) ?? false, shares[kind]?.share(of: client) ?? 0)
    }
    if !isTaken {
      throw RequestRefusal(
        .tooMuch, "this client has \(share) \(kind.plural) already; what is left is for other clients")
    }
  }

  fileprivate func giveBack(_ kind: Kind, _ amount: Int, _ client: ClientKey) {
    shares.withLock { $0[kind]?.giveBack(amount, of: client) }
  }
}

/// A part of a client's share, returned when the last reference to it is released.
final class Allowance {
  private let allowances: Allowances
  private let kind: Allowances.Kind
  private let client: ClientKey
  private var amount = 0

  fileprivate init(_ allowances: Allowances, _ kind: Allowances.Kind, _ client: ClientKey) {
    self.allowances = allowances
    self.kind = kind
    self.client = client
  }

  deinit {
    if amount > 0 { allowances.giveBack(kind, amount, client) }
  }

  /// Adds to the amount.
  ///
  /// - Throws: if that exceeds the client's share; the amount is then unchanged.
  func grow(by more: Int) throws(RequestRefusal) {
    if more == 0 { return }
    try allowances.take(kind, more, client)
    amount += more
  }
}

/// Identifies a client for its share: all certificates with the same subject belong to one client.
struct ClientKey: Hashable, Sendable {
  private let bytes: [UInt8]

  init(_ client: VerifiedClient) {
    bytes = Array((client.subject.isEmpty ? client.thumbprint.description : client.subject).utf8)
  }
}

extension Allowances.Kind {
  fileprivate var plural: String {
    switch self {
    case .eventStreams: "streams of events"
    case .followers: "answers that follow output"
    case .bodyBytes: "bytes of unfinished requests"
    }
  }
}

extension HTTPLimits {
  fileprivate func total(_ kind: Allowances.Kind) -> Int {
    switch kind {
    case .eventStreams: eventStreams
    case .followers: followers
    case .bodyBytes: unfinishedBodyBytes
    }
  }
}
