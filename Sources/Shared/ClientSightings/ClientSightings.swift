import AgentProtocol
import Values

/// When a client was last let in.
public struct Sighting: Equatable, Sendable {
  /// The client, with the root that it came in through.
  public let client: AdmittedClient
  /// The last time, in seconds since the epoch.
  public let lastUse: Int64

  public init(client: AdmittedClient, lastUse: Int64) {
    self.client = client
    self.lastUse = lastUse
  }
}

/// The clients that were let in, each with its last time. Bounded in number and size: who has been away the longest gives way.
public struct ClientSightings: Equatable, Sendable {
  /// The most clients.
  public static let maximumClients = 4096
  /// The most bytes of the record as a file.
  public static let maximumBytes = 16 << 20
  /// Whoever was let in within so many seconds is a client that is still there: 30 days.
  public static let recently: Int64 = 30 * 86400

  private var sightings: [Thumbprint: Sighting] = [:]
  /// The size of the clients' lines in the file.
  public private(set) var bytes = 0

  /// No client yet.
  public init() {}

  /// How many clients are known.
  public var count: Int { sightings.count }

  /// Every client, who was there last first.
  public var newestFirst: [Sighting] {
    sightings.values.sorted { ($1.lastUse, $0.client.thumbprint) < ($0.lastUse, $1.client.thumbprint) }
  }

  /// Those who were let in within `recently` before `now` (seconds since the epoch), the last one first.
  public func recent(at now: Int64) -> [Sighting] { newestFirst.filter { $0.lastUse >= now - Self.recently } }

  /// Whether there is a sighting of the client with this thumbprint.
  public func contains(_ thumbprint: Thumbprint) -> Bool { sightings[thumbprint] != nil }

  /// Notes that `client` was let in at `time`, in place of what is known of it.
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
  /// Of its line in the file, the line's end included: time, two thumbprints, certificates, a character between each.
  fileprivate var lineLength: Int {
    "\(lastUse)".utf8.count + 2 * 65 + client.certificates.reduce(0) { $0 + $1.utf8.count + 1 } + 1
  }
}
