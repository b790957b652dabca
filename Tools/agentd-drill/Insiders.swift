import AgentClient
import AgentProtocol
import Glibc
import HTTPSClient
import NIOCore
import Synchronization
import SystemCalls
import TestSupport

/// The insiders at work: clients with few rights that take all they can get, until their task is cancelled.
///
/// What is tested is how agentd shares out what it has, not how the kernel shares out the processor: so all of this is limited in number
/// and rate, and the jobs are nice and end by themselves. An answer that reveals or touches a good client's job is a violation.
struct Insiders: Sendable {
  private static let waits = 100
  /// More than the share of one client in the 256 streams.
  private static let streams = 160
  /// Together more than the share of one client in the 64 MiB.
  private static let bodies = 60
  private static let bodyBytes = 600 << 10

  /// The limits of agentd.toml that make shares matter within the time of a drill. All clients have one address here, whose share of the
  /// handshakes the insiders would use up.
  static let limits = """
    max_queued = 300
    output_limit = 25165824
    keep_bytes = 268435456
    [limits]
    unauthenticated = "1000:30:2000"
    unauthenticated_per_source = 1000
    """

  private let host: DrillHost
  private let book: Book
  /// Distinguishes the ids of several appearances.
  private let appearance: Int

  init(_ host: DrillHost, _ book: Book, appearance: Int) {
    self.host = host
    self.book = book
    self.appearance = appearance
  }

  /// Returns why there can be no insiders; `nil` if there can.
  static var obstacle: String? {
    if geteuid() != 0 { return "not root, so all jobs run as one user: no insiders" }
    for name in [user, "nobody"] where getpwnam(name) == nil { return "no user \(name): no insiders" }
    return nil
  }

  private static var user: String { Insider.user }

  func run() async {
    await withTaskGroup(of: Void.self) { group in
      for insider in Insider.allCases where insider != .signals || host.ownsProcessesOfInsiders {
        group.addTask {
          do { try await run(insider) } catch { book.violation("\(insider.name): \(error)") }
        }
      }
    }
  }

  private func run(_ insider: Insider) async throws {
    switch insider {
    case .waits: try await waitOften()
    case .events: try await many(Self.streams, insider, holdStream)
    case .bodies: try await many(Self.bodies, insider, holdBody)
    case .ids: try await takeIDs()
    case .outputs: try await submit(as: insider, every: 1000, scripts: Self.outputScripts)
    case .places, .crowd:
      try await withThrowingTaskGroup(of: Void.self) { group in
        for line in 1...2 {
          group.addTask { try await submit(as: insider, line, every: 20, scripts: ["sleep 8"]) }
        }
        try await group.waitForAll()
      }
    case .signals: try await submit(as: insider, every: 5000, scripts: ["kill -9 -1; sleep 1"])
    case .processes: try await submit(as: insider, every: 4000, scripts: Self.processScripts)
    case .thief, .reader: try await trespass(as: insider)
    }
  }

  private static let outputScripts = [
    "head -c 50M /dev/zero", "truncate -s 1T /proc/self/fd/1; sleep 1",
    "dd if=/dev/zero of=/proc/self/fd/1 bs=1 count=1 seek=1G conv=notrunc; sleep 1", "head -c 20M /dev/zero",
  ]

  private static let processScripts = [
    "i=0; while [ $i -lt 200 ]; do sleep 4 & i=$((i+1)); done; wait",
    "trap '' TERM HUP; i=0; while [ $i -lt 20 ]; do (setsid sleep 300 &); i=$((i+1)); done; echo done",
  ]
}

extension Insiders {
  private func id(_ insider: Insider, _ number: String) -> String {
    "\(host.prefix)\(insider.name)-\(appearance)-\(number)"
  }

  private func job(_ id: String, _ script: String) -> JobRequest {
    var request = JobRequest(command: ["/usr/bin/nice", "-n", "19", "/bin/sh", "-c", script])
    request.directory = "/"
    request.environment = [DrillHost.marker: id]
    request.killGrace = 0.5
    request.timeout = 20
    return request
  }

  /// Runs many tasks with a connection each, which open it one after another.
  private func many(
    _ count: Int, _ insider: Insider, _ body: @escaping @Sendable (Int, inout InsiderLine) async -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...count {
        group.addTask {
          try? await Task.sleep(for: .milliseconds(10 * number))
          var line = try InsiderLine(insider, host, book)
          while !Task.isCancelled { await body(number, &line) }
          line.close()
        }
      }
      try await group.waitForAll()
    }
  }

  private func submit(as insider: Insider, _ part: Int = 1, every milliseconds: Int, scripts: [String]) async throws {
    var line = try InsiderLine(insider, host, book)
    var count = 0
    while !Task.isCancelled {
      count += 1
      let id = id(insider, "\(part)-\(count)")
      let answer = await line.submit(id, job(id, scripts[count % scripts.count]))
      try? await Task.sleep(for: .milliseconds(answer?.isSuccess == true ? milliseconds : max(milliseconds, 200)))
    }
    line.close()
  }

  private func waitOften() async throws {
    let current = CurrentJob()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        var line = try InsiderLine(.waits, host, book)
        var count = 0
        while !Task.isCancelled {
          count += 1
          let id = id(.waits, "\(count)")
          if await line.submit(id, job(id, "sleep 15"))?.isSuccess == true {
            current.id.withLock { $0 = id }
            _ = await line.ask(.GET, "/v1/jobs/\(id)?wait=60")
          }
          try? await Task.sleep(for: .milliseconds(200))
        }
        line.close()
      }
      group.addTask {
        try await many(Self.waits, .waits) { _, line in
          _ = await line.ask(.GET, "/v1/jobs/\(current.id.withLock { $0 })?wait=60")
          try? await Task.sleep(for: .milliseconds(500))
        }
      }
      try await group.waitForAll()
    }
  }

  /// Keeps a stream of events open. This client submits no jobs, so there must be no event.
  private func holdStream(_ number: Int, _ line: inout InsiderLine) async {
    guard let (head, connection) = await line.begin(.GET, "/v1/events") else { return }
    defer { connection.close() }
    guard head.status == 200 else {
      line.judge(.init(status: head.status, body: ByteBuffer()))
      // As a bad client, it holds on to the connection.
      try? await Task.sleep(for: .milliseconds(Int.random(in: 2000...6000)))
      return
    }
    line.judge(.init(status: head.status, body: ByteBuffer()))
    while let part = try? await connection.bytes(within: 60) {
      if String(buffer: part).contains("event: state") {
        book.violation("\(Insider.events.name): sees an event of another's job: \(String(buffer: part).prefix(300))")
      }
    }
    await InsiderLine.pause()
  }

  private func holdBody(_ number: Int, _ line: inout InsiderLine) async {
    let spaces = ByteBuffer(repeating: UInt8(ascii: " "), count: Self.bodyBytes)
    let path = "/v1/jobs/\(id(.bodies, "\(number)"))"
    let answer = await line.begin(.PUT, path, spaces, claimed: Self.bodyBytes + 1000, within: 90)
    // It is a refusal, at once or when the time for the body is over.
    guard let answer else { return }
    line.judge(.init(status: answer.head.status, body: ByteBuffer()))
    answer.connection.close()
    try? await Task.sleep(for: .milliseconds(Int.random(in: 1000...5000)))
  }

  /// Submits jobs with ids of the good clients, those in use and the next ones, and reads, cancels and deletes them. Each has to be a job
  /// of its own; what happens to those of the good clients, their own clients notice.
  private func takeIDs() async throws {
    var line = try InsiderLine(.ids, host, book)
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(50))
      guard let recent = book.recent, let id = Bool.random() ? recent : Self.next(after: recent) else { continue }
      let answer =
        switch Int.random(in: 0..<8) {
        case 0: await line.ask(.GET, "/v1/jobs/\(id)")
        case 1: await line.ask(.POST, "/v1/jobs/\(id)/cancel")
        case 2: await line.ask(.DELETE, "/v1/jobs/\(id)")
        case 3: await line.ask(.GET, "/v1/jobs/\(id)/output")
        default: await line.submit(id.description, job("\(host.prefix)insider-ids", "echo \(Self.ownOutput); sleep 1"))
        }
      guard let answer, answer.isSuccess, answer.status != 204, answer.text != Self.ownOutput + "\n", answer.text != ""
      else { continue }
      let status = answer.decoded(JobStatus.self)
      if status?.client.subject != Insider.ids.subject || status?.user != Insider.user {
        book.violation("\(Insider.ids.name): gets at job \(id) of a good client: \(answer.text.prefix(300))")
      }
    }
    line.close()
  }

  private static let ownOutput = "output of an insider"

  /// Returns an id that the same client will use soon.
  private static func next(after id: JobID) -> JobID? {
    let parts = id.description.split(separator: "-")
    guard let last = parts.last.flatMap({ Int($0) }) else { return nil }
    return JobID((parts.dropLast() + ["\(last + Int.random(in: 1...20))"]).joined(separator: "-"))
  }

  private func trespass(as insider: Insider) async throws {
    var line = try InsiderLine(insider, host, book)
    var count = 0
    while !Task.isCancelled {
      count += 1
      try? await Task.sleep(for: .milliseconds(200))
      guard let id = book.recent, book.entry(id)?.isAnswered == true else { continue }
      switch count % 9 {
      case 0: expectRefusal(insider, await line.ask(.GET, "/v1/jobs/\(id)"))
      case 1: expectRefusal(insider, await line.ask(.GET, "/v1/jobs/\(id)/output"))
      case 2: expectRefusal(insider, await line.ask(.POST, "/v1/jobs/\(id)/cancel"))
      case 3: expectRefusal(insider, await line.ask(.DELETE, "/v1/jobs/\(id)"))
      case 4: await list(&line, insider, "/v1/jobs?limit=50")
      case 5: await list(&line, insider, "/v1/jobs?limit=50&client=\(host.schedulerThumbprint)")
      case 6:
        guard
          let answer = await line.ask(.POST, "/v1/cancel?client=\(host.schedulerSubject.replacing("=", with: "%3D"))")
        else { continue }
        if let cancelled = answer.decoded(CancelledJobs.self), cancelled.queued + cancelled.running > 0 {
          book.violation("\(insider.name): cancelled jobs of another: \(answer.text)")
        }
      case 7:
        let id = self.id(insider, "\(count)")
        var request = job(id, "sleep 1")
        request.user = ["root", "nobody"].randomElement()
        expectRefusal(insider, await line.submit(id, request))
      default:
        let id = self.id(insider, "\(count)")
        let answer = await line.submit(id, job(id, "sleep 1"))
        if insider.isReadOnly { expectRefusal(insider, answer) }
      }
    }
    line.close()
  }

  private func expectRefusal(_ insider: Insider, _ answer: InsiderLine.Answer?) {
    guard let answer, answer.isSuccess else { return }
    book.violation("\(insider.name): was allowed what it may not do: \(answer.status) \(answer.text.prefix(300))")
  }

  private func list(_ line: inout InsiderLine, _ insider: Insider, _ path: String) async {
    guard let page = await line.ask(.GET, path)?.decoded(JobPage.self) else { return }
    for job in page.jobs where job.client.subject != insider.subject {
      book.violation("\(insider.name): sees job \(job.id) of \(job.client.subject)")
    }
  }
}

extension Insiders {
  /// Cancels all jobs of the insiders, as an administrator would, and waits until none is left.
  static func clear(_ host: DrillHost, _ book: Book) async {
    do {
      let client = try host.client()
      let limit = ContinuousClock.now + .seconds(60)
      while true {
        for insider in Insider.allCases { _ = try await client.cancelAll(of: insider.subject) }
        let status = try await client.status()
        if status.running + status.queued == 0 { return }
        guard ContinuousClock.now < limit else {
          return book.violation(
            "\(status.running) jobs run and \(status.queued) wait a minute after all were cancelled")
        }
        try await Task.sleep(for: .milliseconds(200))
      }
    } catch { book.violation("cancelling the jobs of the insiders: \(error)") }
  }

  /// Whether a good client still gets what insiders use up: a stream of events.
  static func probe(_ host: DrillHost, _ book: Book, until end: ContinuousClock.Instant) async {
    struct Arrived: Error {}
    do {
      let client = try host.client(patience: 0)
      while ContinuousClock.now < end {
        do { try await client.events { _ in throw Arrived() } } catch is Arrived {}
        try await Task.sleep(for: .milliseconds(500))
      }
    } catch { book.violation("a good client gets no stream of events: \(error)") }
  }
}

/// The job that many tasks wait for.
private final class CurrentJob: Sendable {
  let id = Mutex("none")
}
