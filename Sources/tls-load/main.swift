import ArgumentParser
import Glibc

/// Load for `make bench`: drives a mutual TLS server on this machine and accounts for the CPU and memory of its processes.
struct TLSLoad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tls-load", abstract: "Measures a mutual TLS server on this machine.",
    discussion: """
      handshakes  one connection, one request each: microseconds of server CPU an operation
      requests    one request after another on kept connections
      hold        many idle connections: server memory each
      stream      one large answer after another: MiB a second, server CPU seconds a GiB
      """)

  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case handshakes, requests, hold, stream
  }

  @Argument(help: "What to measure.") var mode: Mode
  @Option(help: "Port on 127.0.0.1.") var port: UInt16
  @Option(help: "The client's certificate chain, PEM.") var certificate: String
  @Option(help: "The client's private key, PEM.") var key: String
  @Option(help: "The root that the server must chain to, PEM.") var root: String
  @Option(help: "The server's first process; its descendants are counted too.") var server: Int32
  @Option(help: "Operations in all.") var count = 1000
  @Option(help: "Connections side by side.") var parallel = 2
  @Option(help: "What to ask for.") var path = "/v1/agent"
  @Option(help: "TLS version: 1.2 or 1.3.") var tls = "1.3"

  func validate() throws {
    guard (1...10_000_000).contains(count) else { throw ValidationError("--count: 1 to 10000000") }
    guard (1...64).contains(parallel) else { throw ValidationError("--parallel: 1 to 64") }
    guard ["1.2", "1.3"].contains(tls) else { throw ValidationError("--tls: 1.2 or 1.3") }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let context = try ClientContext(certificate: certificate, key: key, root: root, onlyTLS12: tls == "1.2")
    let target = Target(context: context, port: port, path: path)
    let server = ServerProcesses(root: server)
    switch mode {
    case .handshakes: try measureHandshakes(target, server)
    case .requests: try measureRequests(target, server)
    case .hold: try measureHold(target, server)
    case .stream: try measureStream(target, server)
    }
  }
}

TLSLoad.main()
