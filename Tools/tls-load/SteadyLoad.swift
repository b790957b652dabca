import Glibc
import Synchronization

/// Clients that come, ask, go and stay at an even pace until they are told to stop; every request has to be answered.
final class SteadyLoad: Sendable {
  /// What came of it.
  struct Outcome {
    var requests = 0
    var failures = 0
    var firstFailure: String?
    /// Of those that wait for nothing.
    var slowest = Timing()
    /// Of those that wait.
    var slowestWait = Timing()
  }

  /// What one request took.
  struct Timing {
    private let begun = ContinuousClock.now
    var whole = Duration.zero
    /// Until TCP had a connection, with all ports that were tried.
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

  /// - Parameter ports: where the server listens, now or later: the next one is tried where a connection is refused.
  init(_ context: ClientContext, ports: [UInt16]) {
    self.context = context
    self.ports = ports
  }

  /// Ends all clients after their present request.
  func stop() { stopping.store(true, ordering: .relaxed) }

  /// What has come of it so far.
  var outcomeSoFar: Outcome { outcome.withLock { $0 } }

  /// Asks on a new connection each time.
  func keepComing(_ path: String) {
    var client = Client(ports, context, path)
    while !isStopping {
      attempt { timing in
        try timing.made(client.connect()).exchange(client.request(close: true))
      }
      pause(upTo: 20_000)
    }
  }

  /// Asks again and again on one connection, until the server says that an answer is the last one, or has closed it
  /// while nothing was asked.
  ///
  /// - Parameters:
  ///   - rest: the longest pause between two requests, in microseconds.
  ///   - waits: whether the answer may take its time, because that is what is asked for.
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

  /// One client: it knows where the server was last.
  private struct Client {
    private var ports: [UInt16]
    private let context: ClientContext
    private let path: String

    init(_ ports: [UInt16], _ context: ClientContext, _ path: String) {
      (self.ports, self.context, self.path) = (ports, context, path)
    }

    func request(close: Bool) -> [UInt8] { target.request(close: close) }

    /// A connection to the port of last time, or, where nobody listens there, to the next. As the server listens on the new
    /// port before it leaves the old one, one of them is always there; while the client looks, it can move once more.
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
