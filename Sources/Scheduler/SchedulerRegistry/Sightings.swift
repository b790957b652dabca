import FoundationEssentials
import Glibc
import SystemCalls
import Values

/// When certificates were last seen in use by a scheduler: of agents that it connected to, and its own that agents accepted.
///
/// A file beside the record, because it changes with every look at the agents, and nothing depends on it.
public struct Sightings: Sendable {
  /// The maximum number of certificates; the least recently seen are forgotten.
  static let maximum = 100_000
  private static let maximumBytes = 1 << 24

  private let file: String
  private let lockFile: String

  /// Creates the sightings of the scheduler with this home, which must exist for anything to be recorded.
  public init(home: String) {
    file = "\(home)/seen.json"
    lockFile = "\(home)/.seen.lock"
  }

  /// Returns the last time of each certificate, by SHA-256 thumbprint; empty if nothing was recorded or the file is damaged.
  public func load() -> [Thumbprint: Timestamp] {
    guard let bytes = try? DurableFile.read(file, limit: Self.maximumBytes) else { return [:] }
    return (try? JSONDecoder().decode([Thumbprint: Timestamp].self, from: Data(bytes))) ?? [:]
  }

  /// Records sightings. A failure is ignored: whoever looks at agents need not be able to write here.
  public func note(_ seen: [Thumbprint: Timestamp]) {
    if seen.isEmpty { return }
    guard let lock = try? FileLock.wait(lockFile) else { return }
    defer { lock.descriptor.close() }
    var all = load().merging(seen, uniquingKeysWith: max)
    if all.count > Self.maximum {
      all = Dictionary(uniqueKeysWithValues: Array(all.sorted { $0.value > $1.value }.prefix(Self.maximum)))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    guard let encoded = try? encoder.encode(all) else { return }
    try? DurableFile.replace(file, with: Array(encoded), mode: 0o600)
  }
}
