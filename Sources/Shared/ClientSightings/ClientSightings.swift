import AgentProtocol
import Values

/// The last time that a client was admitted.
public struct Sighting: Equatable, Sendable {
  /// The client, with the root at which its chain ends.
  public let client: AdmittedClient
  /// The time, in seconds since the epoch.
  public let lastUse: Int64

  public init(client: AdmittedClient, lastUse: Int64) {
    self.client = client
    self.lastUse = lastUse
  }
}

/// The clients that were admitted, each with the last time. Limited in number and size: the least recently seen is evicted.
public struct ClientSightings: Equatable, Sendable {
  /// The maximum number of clients.
  public static let maximumClients = 4096
  /// The maximum size of the record as a file, in bytes.
  public static let maximumBytes = 16 << 20
  /// How recently a client must have been admitted to count as active, in seconds: 30 days.
  public static let recently: Int64 = 30 * 86400

  private var sightings: [Thumbprint: Sighting] = [:]
  /// The total size of the clients' lines in the file, in bytes.
  public private(set) var bytes = 0

  /// Creates a record without clients.
  public init() {}

  /// The number of known clients.
  public var count: Int { sightings.count }

  /// Every client, most recent first.
  public var newestFirst: [Sighting] {
    sightings.values.sorted { ($1.lastUse, $0.client.thumbprint) < ($0.lastUse, $1.client.thumbprint) }
  }

  /// Returns the clients admitted within `recently` before `now` (seconds since the epoch), most recent first.
  public func recent(at now: Int64) -> [Sighting] { newestFirst.filter { $0.lastUse >= now - Self.recently } }

  /// Returns whether the client with this thumbprint is known.
  public func contains(_ thumbprint: Thumbprint) -> Bool { sightings[thumbprint] != nil }

  /// Returns the client with this thumbprint, as last admitted.
  public func client(_ thumbprint: Thumbprint) -> AdmittedClient? { sightings[thumbprint]?.client }

  /// Records that `client` was admitted at `time`, replacing its earlier entry.
  public mutating func note(_ client: AdmittedClient, at time: Int64) {
    forget(client.thumbprint)
    let sighting = Sighting(client: client, lastUse: time)
    while !sightings.isEmpty,
      sightings.count >= Self.maximumClients || bytes + sighting.lineLength > Self.maximumBytes - SightingsFile.frame
    {
      guard let oldest = sightings.values.min(by: { $0.lastUse < $1.lastUse }) else { break }
      forget(oldest.client.thumbprint)
    }
    sightings[client.thumbprint] = sighting
    bytes += sighting.lineLength
  }

  private mutating func forget(_ thumbprint: Thumbprint) {
    guard let old = sightings.removeValue(forKey: thumbprint) else { return }
    bytes -= old.lineLength
  }
}

extension Sighting {
  /// The length of its line in the file, including the line end: time, two thumbprints and certificates, with a separator between each.
  fileprivate var lineLength: Int {
    "\(lastUse)".utf8.count + 2 * 65 + client.certificates.reduce(0) { $0 + $1.utf8.count + 1 } + 1
  }
}
