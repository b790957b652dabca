import FoundationEssentials
import TestSupport

/// Clients that connect, send requests, leave and stay until they are stopped: `tls-load steady`, and curl over HTTP/2.
struct SteadyLoad {
  /// The result of the load.
  struct Outcome: CustomStringConvertible {
    let requests: Int
    let failed: Int
    let description: String
  }

  private struct Figures: Decodable {
    let requests: Int
    let failed: Int
    let slowest_ms: Int
    let slowest_connect_ms: Int
    let slowest_wait_ms: Int
  }

  private let load: TestProcess
  private let http2: [TestProcess]

  /// - Parameter ports: where the agent listens, now or later.
  init(on agent: Installation, ports: [Int]) throws {
    guard let files = agent.certificates.connector.files else { throw HarnessError("no connector certificate") }
    load = try TestProcess(
      [
        try BuiltProduct.path("tls-load"), "steady", "--certificate", files.chain, "--key", files.key, "--root",
        agent.certificates.rootPath, "--server", "\(agent.supervisorID)", "--wait-path", "/v1/jobs/talk?wait=20",
      ] + ports.flatMap { ["--port", "\($0)"] }, input: nil)
    http2 = try ports.map { port in
      // The part after # is curl's own counter and is not sent. curl keeps its connection, and opens another when told to.
      try TestProcess(
        ["curl"] + agent.curlArguments() + ["--max-time", "7200", "--http2", "--output", "/dev/null", "--rate", "20/s"]
          + ["--write-out", "%{stderr}%{http_version} %{http_code} %{errormsg}\\n"]
          + ["https://localhost:\(port)/v1/agent#[1-1000000]"],
        environment: agent.environment)
    }
  }

  /// Stops the clients.
  func outcome() async throws -> Outcome {
    load.closeInput()
    let result = try await load.end()
    // Each client knows only one port: that nobody listens there at the moment is not a failure, everything else is.
    let answers = http2.flatMap { $0.errorText.split(separator: "\n").dropLast() }
      .filter { !$0.contains("Failed to connect") && !$0.hasPrefix("curl: ") }
    let failed = answers.filter { !$0.hasPrefix("2 200 ") }
    let figures = try JSONDecoder().decode(Figures.self, from: Data(result.output))
    return Outcome(
      requests: figures.requests + answers.count, failed: figures.failed + failed.count,
      description: """
        \(figures.requests) requests (the slowest took \(figures.slowest_ms) ms, \(figures.slowest_connect_ms) of them to \
        connect; the slowest wait of 20 s \(figures.slowest_wait_ms) ms) and \(answers.count) over HTTP/2, failed: \
        \(figures.failed) and \(failed.count) \(result.errorText)\(failed.first ?? "")
        """
    )
  }
}

/// A client that follows a job's output, and resumes where it was interrupted.
enum Follower {
  /// Prints as long as it may.
  static let script = """
    trap 'exit 0' USR1
    { read line < stop; kill -USR1 $$; } &
    while :; do seq 100; sleep 0.05; done
    """

  /// Returns the complete output, received in pieces.
  static func output(of job: String, at agent: Installation, ports: [Int]) async throws -> [UInt8] {
    var received: [UInt8] = []
    var port = 0
    while true {
      let url = "https://localhost:\(ports[port])/v1/jobs/\(job)/output?follow=1&offset=\(received.count)"
      let part = try await TestProcess(
        ["curl"] + agent.curlArguments() + ["--max-time", "7200", url], environment: agent.environment
      ).end(within: .seconds(7200))
      received += part.output
      switch part.end {
      case .exited(0): return received
      // Nobody listens there any longer.
      case .exited(7): port = (port + 1) % ports.count
      // The transfer was interrupted: RFC 9112 section 8, or a reset of the stream.
      case .exited(18), .exited(92): break
      default: throw HarnessError("following ended with \(part.end): \(part.errorText)")
      }
    }
  }
}
