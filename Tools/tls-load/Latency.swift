import Glibc

extension TLSLoad {
  /// Sends one request after another, alternating between a new and a persistent connection.
  func measureLatency(_ target: Target) throws {
    let (first, next) = (target.request(close: true), target.request(close: false))
    let kept = try Connection(target)
    var (new, same) = ([Duration](), [Duration]())
    for _ in 0..<count {
      let begun = ContinuousClock.now
      let connection = try Connection(target)
      _ = try connection.exchange(first)
      new.append(.now - begun)
      connection.shutdown()
      let asked = ContinuousClock.now
      _ = try kept.exchange(next)
      same.append(.now - asked)
    }
    report([
      "new_p50_ms": Self.quantile(0.5, of: new), "new_p99_ms": Self.quantile(0.99, of: new),
      "kept_p50_ms": Self.quantile(0.5, of: same), "kept_p99_ms": Self.quantile(0.99, of: same),
    ])
  }

  /// Holds connections, each after one request, until standard input ends; all of them must still be open then.
  func stay(_ target: Target) throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let request = target.request(close: false)
    let connections = try (0..<count).map { _ in
      let connection = try Connection(target, bufferBytes: 4096)
      _ = try connection.exchange(request)
      return connection
    }
    report(["held": Double(connections.count)])
    fflush(nil)
    while readLine() != nil {}
    let lost = connections.count { $0.isSpent }
    if lost > 0 { throw LoadError("\(lost) of \(count) connections were closed") }
  }

  /// Returns a quantile, in milliseconds.
  static func quantile(_ part: Double, of times: [Duration]) -> Double {
    times.sorted()[min(times.count - 1, Int(Double(times.count) * part))] / .milliseconds(1)
  }
}
