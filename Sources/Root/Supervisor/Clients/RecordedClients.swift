import AgentProtocol
import ClientSightings
import Glibc
import Logging
import SystemCalls
import Values
import Wording

/// Keeps the record of clients: in memory, and soon afterwards on the disk.
///
/// A crash may cost what was seen since the last write. The next listener tells of every client again.
final class RecordedClients {
  /// Bytes a second that the writing of the record takes in the mean, at most: the larger it is, the longer the pause.
  private static let bytesASecond = 64 << 10
  /// Between a change and the write, so that many clients at once are one write.
  static let shortestPause = Duration.seconds(1)

  private let file: SightingsFile
  private let reactor: Reactor
  private let log: SupervisorLog
  private(set) var sightings = ClientSightings()
  private var isChanged = false
  private var timer: TimerQueue.Timer?
  private var lastWriteFailed = false

  /// Reads the record at `path`. One that cannot be used is a warning: a new one takes its place.
  init(path: String, on reactor: Reactor, log: SupervisorLog) {
    file = SightingsFile(path: path)
    self.reactor = reactor
    self.log = log
    do { sightings = try file.load() } catch {
      log.logger.warning("the record of clients cannot be used; starting a new one", metadata: ["error": "\(error)"])
    }
  }

  /// Notes that a client was let in just now.
  func note(_ client: AdmittedClient) {
    sightings.note(client, at: Timestamp.now().seconds)
    isChanged = true
    if timer?.isPending != true { write(after: Self.shortestPause) }
  }

  /// Writes what has not been written yet.
  func save() {
    guard isChanged else { return }
    do throws(SystemError) {
      try file.save(sightings)
      (isChanged, lastWriteFailed) = (false, false)
    } catch {
      // Once, not every minute of a day with a full disk.
      if !lastWriteFailed {
        log.logger.warning("the record of clients cannot be written; trying again", metadata: ["error": "\(error)"])
      }
      lastWriteFailed = true
    }
  }

  /// The roots that clients came in through lately.
  var recentRoots: Set<Thumbprint> { Set(sightings.recent(at: Timestamp.now().seconds).map(\.client.root)) }

  /// Says who came in lately through roots that are trusted no more.
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
      // What changes meanwhile waits, so that the next write is not at once.
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
