import AgentProtocol
import ClientSightings
import Glibc
import Logging
import SystemCalls
import Values
import Wording

/// Keeps the record of clients in memory, and writes it to disk soon after a change.
///
/// A crash may lose what was seen since the last write. The next listener reports every client again.
final class RecordedClients {
  /// The maximum average rate of writing the record, in bytes per second: the larger the record, the longer the pause.
  private static let bytesASecond = 64 << 10
  /// The time between a change and the write, so that many clients at once cause one write.
  static let shortestPause = Duration.seconds(1)

  private let file: SightingsFile
  private let reactor: Reactor
  private let log: SupervisorLog
  private(set) var sightings = ClientSightings()
  private var isChanged = false
  /// The clients that a crash would make unknown.
  private var unsaved: Set<Thumbprint> = []
  private var timer: TimerQueue.Timer?
  private var lastWriteFailed = false

  /// Reads the record at `path`. If it cannot be used, logs a warning and starts a new one.
  init(path: String, on reactor: Reactor, log: SupervisorLog) {
    file = SightingsFile(path: path)
    self.reactor = reactor
    self.log = log
    do { sightings = try file.load() } catch {
      log.logger.warning("the record of clients cannot be used; starting a new one", metadata: ["error": "\(error)"])
    }
  }

  /// Records that a client was admitted just now.
  func note(_ client: AdmittedClient) {
    if !sightings.contains(client.thumbprint) { unsaved.insert(client.thumbprint) }
    sightings.note(client, at: Timestamp.now().seconds)
    isChanged = true
    if timer?.isPending != true { write(after: Self.shortestPause) }
  }

  /// Writes the record now if a crash would make this client unknown, whose job is to be judged after it.
  func keep(_ thumbprint: Thumbprint) {
    if unsaved.contains(thumbprint) { save() }
  }

  /// Writes the record if it has changed.
  func save() {
    guard isChanged else { return }
    do throws(SystemError) {
      try file.save(sightings)
      unsaved = []
      (isChanged, lastWriteFailed) = (false, false)
    } catch {
      // Log it once, not every minute of a day with a full disk.
      if !lastWriteFailed {
        log.logger.warning("the record of clients cannot be written; trying again", metadata: ["error": "\(error)"])
      }
      lastWriteFailed = true
    }
  }

  /// Returns what is known about the clients with these thumbprints.
  func known(_ thumbprints: Set<Thumbprint>) -> [AdmittedClient] { thumbprints.compactMap(sightings.client) }

  /// The roots of clients that connected recently.
  var recentRoots: Set<Thumbprint> { Set(sightings.recent(at: Timestamp.now().seconds).map(\.client.root)) }

  /// Logs which clients recently used roots that are no longer trusted.
  func warn(ofRemoved roots: Set<Thumbprint>) {
    let recent = sightings.recent(at: Timestamp.now().seconds)
    for root in roots.sorted() {
      let clients = recent.filter { $0.client.root == root }
      guard let last = clients.first else { continue }
      log.logger.warning(
        "a root used by \(counted(clients.count, "client")) in the last 30 days is no longer trusted",
        metadata: [
          "root": "\(root)", "last_client": "\(last.client.thumbprint)",
          "last_use": "\(Timestamp(seconds: last.lastUse))",
        ])
    }
  }

  private func write(after pause: Duration) {
    timer = reactor.after(pause) { [weak self] in
      guard let self else { return }
      save()
      // Later changes wait, so that the next write does not follow immediately.
      let pause = Duration.seconds(sightings.bytes / Self.bytesASecond)
      if isChanged { write(after: max(pause, .seconds(60))) } else if pause > Self.shortestPause { rest(pause) }
    }
  }

  private func rest(_ pause: Duration) {
    timer = reactor.after(pause) { [weak self] in
      guard let self, isChanged else { return }
      write(after: .zero)
    }
  }
}
