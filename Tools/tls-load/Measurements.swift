import COpenSSL
import Dispatch
import Glibc
import Synchronization

extension TLSLoad {
  func measureHandshakes(_ target: Target, _ server: ServerProcesses) throws {
    let request = target.request(close: true)
    let cost = try inParallel(server) { share in
      for _ in 0..<share {
        let connection = try Connection(target)
        _ = try connection.exchange(request)
        connection.shutdown()
      }
    }
    report(["cpu_us": cost.cpuMicroseconds / Double(count), "per_second": Double(count) / cost.seconds])
  }

  func measureRequests(_ target: Target, _ server: ServerProcesses) throws {
    let request = target.request(close: false)
    // Connect before the measurement begins.
    let connections = try (0..<parallel).map { _ in Kept(try Connection(target)) }
    let next = Mutex(0)
    let cost = try inParallel(server) { share in
      let connection = connections[
        next.withLock {
          $0 += 1; return $0 - 1
        }
      ].connection
      for _ in 0..<share { _ = try connection.exchange(request) }
    }
    report(["cpu_us": cost.cpuMicroseconds / Double(count), "per_second": Double(count) / cost.seconds])
  }

  func measureHold(_ target: Target, _ server: ServerProcesses) throws {
    var limit = rlimit(rlim_cur: rlim_t(count + 1000), rlim_max: rlim_t(count + 1000))
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let request = target.request(close: false)
    // Open a few first, so that what a server sets up once is not charged to the connections.
    var connections = try (0..<10).map { _ in try Connection(target) }
    for connection in connections { _ = try connection.exchange(request) }
    let before = server.memoryBytes
    for _ in 0..<count {
      let connection = try Connection(target)
      _ = try connection.exchange(request)
      connections.append(connection)
    }
    let after = server.memoryBytes
    report(["bytes_each": Double(after - before) / Double(count)])
    withExtendedLifetime(connections) {}
  }

  func measureStream(_ target: Target, _ server: ServerProcesses) throws {
    let request = target.request(close: false)
    let connection = Kept(try Connection(target))
    let bytes = Mutex(0)
    let cost = try inParallel(server, threads: 1) { share in
      for _ in 0..<share {
        let length = try connection.connection.exchange(request)
        bytes.withLock { $0 += length }
      }
    }
    let total = Double(bytes.withLock { $0 })
    report([
      "mib_per_second": total / 1_048_576 / cost.seconds,
      "cpu_seconds_per_gib": cost.cpuMicroseconds / 1e6 / (total / 1_073_741_824),
    ])
  }

  private struct Cost {
    let cpuMicroseconds: Double
    let seconds: Double
  }

  /// Runs `body` on several threads, each with its share of the operations, and measures the server's cost.
  private func inParallel(
    _ server: ServerProcesses, threads: Int? = nil, _ body: @escaping @Sendable (Int) throws -> Void
  ) throws -> Cost {
    let threads = threads ?? parallel
    let failure = Mutex<(any Error)?>(nil)
    let total = count
    let cpu = server.cpuNanoseconds
    let start = ContinuousClock.now
    DispatchQueue.concurrentPerform(iterations: threads) { index in
      do { try body(total / threads + (index < total % threads ? 1 : 0)) } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if let error = failure.withLock({ $0 }) { throw error }
    return Cost(cpuMicroseconds: Double(server.cpuNanoseconds - cpu) / 1000, seconds: seconds)
  }

  func report(_ figures: [String: Double]) {
    let pairs = figures.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\((($0.value * 100).rounded()) / 100)" }
    print("{\(pairs.joined(separator: ","))}")
  }
}

/// A connection used by one thread at a time.
struct Kept: @unchecked Sendable {
  let connection: Connection
  init(_ connection: Connection) { self.connection = connection }
}
