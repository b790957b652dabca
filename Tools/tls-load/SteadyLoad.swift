import Glibc
import Synchronization

/// Clients that connect, send requests, leave and stay at a steady pace until they are stopped; every request must be answered.
final class SteadyLoad: Sendable {
  /// The result of the load.
  struct Outcome {
    var requests = 0
    var failures = 0
    var firstFailure: String?
    /// The slowest request that waits for nothing.
    var slowest = Timing()
    /// The slowest request that waits.
    var slowestWait = Timing()
  }

  /// The duration of one request.
  struct Timing {
    private let begun = ContinuousClock.now
    var whole = Duration.zero
    /// The time until TCP was connected, including all ports that were tried.
    var connecting = Duration.zero

    mutating func end() { whole = .now - begun }

    /// - Returns: the connection, which was made for this request.
    mutating func made(_ connection: Connection) -> Connection {
      connecting = connection.connectedAt - begun
      return connection
    }
  }

  private let context: ClientContext
  private let ports: [UInt16]
  private let stopping = Atomic<Bool>(false)
  private let outcome = Mutex(Outcome())

  /// - Parameter ports: where the server listens, now or later; if a connection is refused, the next one is tried.
  init(_ context: ClientContext, ports: [UInt16]) {
    self.context = context
    self.ports = ports
  }

  /// Ends all clients after their current request.
  func stop() { stopping.store(true, ordering: .relaxed) }

  /// The result so far.
  var outcomeSoFar: Outcome { outcome.withLock { $0 } }

  /// Sends each request on a new connection.
  func keepComing(_ path: String) {
    var client = Client(ports, context, path)
    while !isStopping {
      attempt { timing in
        try timing.made(client.connect()).exchange(client.request(close: true))
      }
      pause(upTo: 20_000)
    }
  }

  /// Sends requests on one connection, until the server announces that an answer is the last one, or has closed the connection while it was
  /// idle.
  ///
  /// - Parameters:
  ///   - rest: the maximum pause between two requests, in microseconds.
  ///   - waits: whether the request asks the server to wait, so that the answer may take its time.
  func stay(_ path: String, rest: UInt32, waits: Bool = false) {
    var client = Client(ports, context, path)
    var connection: Connection?
    while !isStopping {
      if connection?.isEnding ?? true || connection?.isSpent ?? true { connection = nil }
      attempt(waits: waits) { timing in
        let used = try connection ?? timing.made(client.connect())
        connection = used
        return try used.exchange(client.request(close: false))
      } failed: {
        connection = nil
      }
      pause(upTo: rest)
    }
  }

  private var isStopping: Bool { stopping.load(ordering: .relaxed) }

  private func pause(upTo limit: UInt32) { usleep(UInt32.random(in: 0...limit)) }

  private func attempt(
    waits: Bool = false, _ exchange: (inout Timing) throws -> Int, failed: () -> Void = {}
  ) {
    var timing = Timing()
    do {
      _ = try exchange(&timing)
      timing.end()
      outcome.withLock {
        $0.requests += 1
        let slowest = waits ? \Outcome.slowestWait : \Outcome.slowest
        if timing.whole > $0[keyPath: slowest].whole { $0[keyPath: slowest] = timing }
      }
    } catch {
      failed()
      outcome.withLock {
        $0.failures += 1
        $0.firstFailure = $0.firstFailure ?? "\(error)"
      }
    }
  }

  /// A client, which remembers where the server last listened.
  private struct Client {
    private var ports: [UInt16]
    private let context: ClientContext
    private let path: String

    init(_ ports: [UInt16], _ context: ClientContext, _ path: String) {
      (self.ports, self.context, self.path) = (ports, context, path)
    }

    func request(close: Bool) -> [UInt8] { target.request(close: close) }

    /// Connects to the last port or, if nobody listens there, to the next. The server listens on the new port before it leaves the old one,
    /// so one of them always answers; while the client searches, the server can move once more.
    mutating func connect() throws -> Connection {
      for _ in 0..<(2 * ports.count - 1) {
        do { return try Connection(target, bufferBytes: 16_384) } catch let error as NobodyListens {
          if ports.count == 1 { throw error }
          ports.append(ports.removeFirst())
        }
      }
      return try Connection(target, bufferBytes: 16_384)
    }

    private var target: Target { Target(context: context, port: ports[0], path: path) }
  }
}
