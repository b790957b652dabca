import AgentProtocol
import Glibc
import TestSupport

/// An `agentctl console` of a fleet, and requests to it with curl.
final class ConsoleOfAFleet: Sendable {
  let process: TestProcess
  private let fleet: Fleet
  private let place: [String]

  /// Starts a console and waits for its first link.
  ///
  /// - Parameter socket: where it listens; nil for a port.
  init(_ fleet: Fleet, isReadOnly: Bool = false, socket: String? = nil) async throws {
    self.fleet = fleet
    place = socket.map { ["--unix-socket", $0] } ?? []
    let process =
      if let socket { try fleet.start("console", "--socket", socket, input: nil) } else if isReadOnly {
        try fleet.start("console", "--read-only", input: nil)
      } else { try fleet.start("console", input: nil) }
    self.process = process
    try await wait(for: "a link") { process.outputText.hasSuffix("\n") }
  }

  /// The links so far.
  var links: [String] { process.outputText.split(separator: "\n").map(String.init) }

  /// `http://127.0.0.1:PORT`.
  var base: String { links[0].split(separator: "/enter")[0].description }

  /// Has another link printed.
  func anotherLink() async throws -> String {
    let before = links.count
    try process.write("\n")
    return try await wait(for: "another link") { links.count > before ? links.last : nil }
  }

  /// Enters by a link.
  ///
  /// - Returns: the cookie, as a browser sends it.
  func enter(_ link: String? = nil) async throws -> String {
    let answer = try await get(link ?? links[0], curl: ["--include"])
    guard let cookie = answer.body.firstMatch(of: #/(?im)^set-cookie: ([^;]+); Path=/; HttpOnly; SameSite=Strict\r?$/#)
    else { throw HarnessError("no cookie: \(answer.status) \(answer.body)") }
    return String(cookie.1)
  }

  /// Sends a request with curl, as the page does: with the cookie and, if it is a POST, with its origin.
  func get(_ target: String, cookie: String? = nil, curl arguments: [String] = []) async throws -> Answer {
    let url = target.hasPrefix("/") ? base + target : target
    let known = cookie.map { ["--cookie", $0] } ?? []
    let result = try await TestProcess(
      ["curl", "--silent", "--show-error", "--max-time", "60", "--noproxy", "*", "--path-as-is"] + place + known
        + ["--write-out", "%{stderr}%{http_code}"] + arguments + [url],
      environment: ["PATH": "/usr/bin:/bin"]
    ).end()
    guard let status = Int(result.errorText.suffix(3)) else { throw HarnessError("\(target): \(result.errorText)") }
    return Answer(status: status, body: result.outputText)
  }

  func post(_ target: String, cookie: String) async throws -> Answer {
    try await get(target, cookie: cookie, curl: ["--request", "POST", "--header", "Origin: \(base)"])
  }

  struct Answer: Sendable {
    let status: Int
    let body: String
  }
}
