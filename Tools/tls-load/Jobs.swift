import Dispatch
import Glibc
import Synchronization

extension TLSLoad {
  /// Runs jobs on `parallel` connections at once, each from its submit to its final state.
  func measureJobs(_ target: Target) throws {
    let connections = fresh ? [] : try (0..<parallel).map { _ in Kept(try Connection(target)) }
    let kept = Mutex(connections)
    try measureRuns(countsOwnTime: false) { names in
      let kept = kept.withLock { $0.popLast() }
      return try names.map { name in
        let begun = ContinuousClock.now
        try run("\(prefix)-\(name)", over: try kept?.connection ?? Connection(target))
        return .now - begun
      }
    }
  }

  private func run(_ id: String, over connection: Connection) throws {
    let body = "{\"command\":[\"\(program)\"],\"directory\":\"/\"}"
    let head = "Host: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
    _ = try connection.answer(Array("PUT /v1/jobs/\(id) HTTP/1.1\r\n\(head)\(body)".utf8))
    let status = try connection.answer(
      Array("GET /v1/jobs/\(id)?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
    let text = String(decoding: status, as: UTF8.self)
    guard text.contains("\"state\":\"succeeded\"") else { throw LoadError("\(id): \(text)") }
  }

  /// Runs the program as often and as many at once, without an agent.
  func measureSpawn() throws {
    try measureRuns(countsOwnTime: true) { names in
      try names.map { _ in
        let begun = ContinuousClock.now
        try spawnAndWait()
        return .now - begun
      }
    }
  }

  private func spawnAndWait() throws {
    var arguments = [strdup(program), nil]
    defer { free(arguments[0]) }
    var (child, status): (pid_t, Int32) = (0, 0)
    let code = posix_spawn(&child, program, nil, nil, &arguments, environ)
    guard code == 0 else { throw LoadError("\(program): \(String(cString: strerror(code)))") }
    guard waitpid(child, &status, 0) == child, status == 0 else { throw LoadError("\(program) failed") }
  }

  /// Reports the time of each run, and what all of them cost.
  ///
  /// - Parameters:
  ///   - countsOwnTime: whether the CPU time of this process belongs to what is measured.
  ///   - body: does the runs with these names one after the other, and returns how long each took.
  private func measureRuns(
    countsOwnTime: Bool, _ body: @escaping @Sendable (StrideTo<Int>) throws -> [Duration]
  ) throws {
    let outcome = Mutex<(times: [Duration], failure: (any Error)?)>(([], nil))
    let (busy, own, begun) = (MachineTime.busy, MachineTime.ofThisProcess, ContinuousClock.now)
    let clients = DispatchGroup()
    for client in 0..<parallel {
      let names = stride(from: client, to: count, by: parallel)
      // A queue each: the clients wait most of the time, and are more than there are processors.
      DispatchQueue(label: "client").async(group: clients) {
        do {
          let times = try body(names)
          outcome.withLock { $0.times += times }
        } catch { outcome.withLock { $0.failure = error } }
      }
    }
    clients.wait()
    let seconds = (ContinuousClock.now - begun) / .seconds(1)
    let cost = MachineTime.busy - busy - (countsOwnTime ? 0 : MachineTime.ofThisProcess - own)
    let (times, failure) = outcome.withLock { $0 }
    if let failure { throw failure }
    report([
      "p50_ms": Self.quantile(0.5, of: times), "p99_ms": Self.quantile(0.99, of: times),
      "per_second": Double(count) / seconds, "cpu_us": cost / Double(count),
    ])
  }
}

/// Processor time, in microseconds.
private enum MachineTime {
  /// What all processors have been busy since boot: most processes of a job are gone before anybody could ask for their time; proc(5).
  static var busy: Double {
    guard let file = fopen("/proc/stat", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = fread(&buffer, 1, buffer.count, file)
    let line = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n")[0]
    let ticks = line.split(separator: " ").dropFirst().map { Double($0) ?? 0 }
    // user, nice, system, irq, softirq
    return [0, 1, 2, 5, 6].reduce(0) { $0 + ticks[$1] } * 1e6 / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  static var ofThisProcess: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) * 1e6 + Double($1.tv_usec) }
  }
}
