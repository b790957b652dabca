import ArgumentParser
import Dispatch
import Glibc

/// The load for `make bench`: drives a mutual TLS server on this machine and measures the CPU and memory of its processes.
struct TLSLoad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tls-load", abstract: "Measures a mutual TLS server on this machine.",
    discussion: """
      handshakes  one connection, one request each: microseconds of server CPU per operation
      requests    one request after another on kept connections
      hold        many idle connections: server memory per connection
      stream      one large answer after another: MiB per second, server CPU seconds per GiB
      latency     one request after another, on new connections and on a kept one: milliseconds, median and 99 of 100
      stay        many idle connections, held until standard input ends
      steady      requests on new and on kept connections until standard input ends: how many failed
      jobs        jobs of agentd, from submit to final state: milliseconds, jobs per second, CPU of the whole machine but this process
      spawn       the same program with posix_spawn(3), for comparison: the same figures, this process included
      """)

  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case handshakes, requests, hold, stream, latency, stay, steady, jobs, spawn
  }

  @Argument(help: "What to measure.") var mode: Mode
  @Option(help: "Port on 127.0.0.1; steady: several; the server listens on one of them at a time.") var port: [UInt16]
  @Option(help: "The client's certificate chain, PEM.") var certificate: String
  @Option(help: "The client's private key, PEM.") var key: String
  @Option(help: "The root that the server must chain to, PEM.") var root: String
  @Option(help: "The server's first process; its descendants are counted too.") var server: Int32
  @Option(help: "Total number of operations.") var count = 1000
  @Option(help: "Number of parallel connections.") var parallel = 2
  @Option(help: "The path to request.") var path = "/v1/agent"
  @Option(help: "steady: the path that one more client requests repeatedly.") var waitPath: String?
  @Option(help: "jobs, spawn: the program to run.") var program = "/bin/true"
  @Option(help: "jobs: what the ids of the jobs begin with.") var prefix = "load"
  @Flag(help: "jobs: a new connection for each job.") var fresh = false
  @Option(help: "TLS version: 1.2 or 1.3.") var tls = "1.3"

  func validate() throws {
    guard !port.isEmpty else { throw ValidationError("--port is missing") }
    guard (1...10_000_000).contains(count) else { throw ValidationError("--count: 1 to 10000000") }
    guard (1...64).contains(parallel) else { throw ValidationError("--parallel: 1 to 64") }
    guard ["1.2", "1.3"].contains(tls) else { throw ValidationError("--tls: 1.2 or 1.3") }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    if mode == .spawn { return try measureSpawn() }
    let context = try ClientContext(certificate: certificate, key: key, root: root, onlyTLS12: tls == "1.2")
    if mode == .steady { return try runSteadily(context) }
    let target = Target(context: context, port: port[0], path: path)
    let server = ServerProcesses(root: server)
    switch mode {
    case .handshakes: try measureHandshakes(target, server)
    case .requests: try measureRequests(target, server)
    case .hold: try measureHold(target, server)
    case .stream: try measureStream(target, server)
    case .latency: try measureLatency(target)
    case .stay: try stay(target)
    case .jobs: try measureJobs(target)
    case .steady, .spawn: break
    }
  }

  /// Starts the requested number of concurrent clients of each kind.
  private func runSteadily(_ context: ClientContext) throws {
    let load = SteadyLoad(context, ports: port)
    let clients = DispatchGroup()
    func start(_ client: @escaping @Sendable () -> Void) {
      DispatchQueue(label: "client").async(group: clients, execute: client)
    }
    let path = path
    for _ in 0..<parallel {
      start { load.keepComing(path) }
      start { load.stay(path, rest: 100_000) }
      start { load.stay(path, rest: 1_500_000) }
    }
    if let waitPath { start { load.stay(waitPath, rest: 0, waits: true) } }
    while readLine() != nil {}
    load.stop()
    clients.wait()
    let outcome = load.outcomeSoFar
    let figures: [(String, Int)] = [
      ("requests", outcome.requests), ("failed", outcome.failures),
      ("slowest_ms", milliseconds(outcome.slowest.whole)),
      ("slowest_connect_ms", milliseconds(outcome.slowest.connecting)),
      ("slowest_wait_ms", milliseconds(outcome.slowestWait.whole)),
    ]
    print("{" + figures.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}")
    if let failure = outcome.firstFailure { throw LoadError(failure) }
  }
}

private func milliseconds(_ time: Duration) -> Int { Int(time / .milliseconds(1)) }

TLSLoad.main()
