import SystemCalls
import TestSupport
import Testing

/// A scheduler with a running enrolment service, and curl and openssl as its clients.
final class ServedEnrolment: Sendable {
  let scheduler: ScratchScheduler
  let port: Int
  private let service: TestProcess

  /// - Parameter switches: the switches of SERVE ENROLMENT.
  convenience init(_ switches: String = "") async throws {
    try await self.init(of: try await ScratchScheduler.ready(), switches)
  }

  /// Starts the service of an existing scheduler.
  init(of scheduler: ScratchScheduler, _ switches: String = "") async throws {
    self.scheduler = scheduler
    port = try FreePort.next()
    try await scheduler.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    service = try TestProcess(
      [try BuiltProduct.path("scheduler-register"), "SERVE ENROLMENT /BIND=127.0.0.1 /PORT=\(port) \(switches)"],
      environment: ["PATH": "/usr/bin:/bin", "AGENTD_SCHEDULER_HOME": scheduler.folder.path("home")],
      directory: scheduler.folder.path)
    let service = service
    try await wait(for: "the enrolment service") {
      if service.isOver { throw CommandFailed(description: "the service has ended: \(service.errorText)") }
      return service.errorText.contains("enrolment is served")
    }
  }

  var log: String { service.errorText }

  /// Ends the service with a signal, and waits for it.
  func end(_ signal: Int32) async throws -> ProcessEnd {
    try service.handle.send(signal)
    return try await service.end().end
  }

  /// Waits for a line of the log with all of `parts`.
  func logLine(_ parts: String...) async throws {
    try await wait(for: "a line of the log with \(parts), not only: \(log)") {
      log.split(separator: "\n").contains { line in parts.allSatisfy { line.contains($0) } }
    }
  }

  /// Returns a new code, as shown.
  func code(_ switches: String = "/AGENTNAME=AGENT01") async throws -> String {
    let answer = try await scheduler.succeed("CREATE ENROLMENT CODE \(switches)")
    return try #require(answer.thumbprint(after: "  code"))
  }

  /// Creates a key and a request in base64: `NAME.key`, `NAME.b64`.
  func request(_ name: String, subject: String = "/CN=AGENT01", names: String? = nil) async throws {
    let wish = names.map { ["-addext", "subjectAltName=\($0)"] } ?? []
    try await openssl(
      ["req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "\(name).key"]
        + ["-subj", subject, "-outform", "DER", "-out", "\(name).der"] + wish)
    try await openssl(["base64", "-in", "\(name).der", "-out", "\(name).b64"])
  }

  @discardableResult
  func openssl(_ arguments: [String]) async throws -> String {
    let result = try await TestProcess(
      ["openssl"] + arguments, environment: ["PATH": "/usr/bin:/bin"], directory: scheduler.folder.path
    ).end()
    if result.end != .exited(0) { throw CommandFailed(description: "openssl \(arguments): \(result.errorText)") }
    return result.outputText
  }

  /// The answer that curl received.
  struct Answer {
    let status: Int
    let body: String
  }

  /// Sends a request, as curl would to any EST server.
  func curl(_ operation: String, _ arguments: String...) async throws -> Answer {
    let result = try await TestProcess(
      ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", "root.pem", "--max-time", "60"] + arguments + [
        "--write-out", "\n%{http_code}", "https://127.0.0.1:\(port)/.well-known/est/\(operation)",
      ], environment: ["PATH": "/usr/bin:/bin"], directory: scheduler.folder.path
    ).end()
    let lines = result.outputText.split(separator: "\n", omittingEmptySubsequences: false)
    let status = Int(lines.last ?? "") ?? 0
    return Answer(
      status: status, body: lines.dropLast().joined(separator: "\n") + (status == 0 ? result.errorText : ""))
  }

  /// Requests a certificate with a code.
  func enrol(_ name: String, code: String, user: String = "AGENT01", _ interface: String = "127.0.0.1") async throws
    -> Answer
  {
    try await curl(
      "simpleenroll", "--interface", interface, "--user", "\(user):\(code)", "--header",
      "Content-Type: application/pkcs10", "--data-binary", "@\(name).b64")
  }

  /// Requests a certificate with the certificate `old.pem` and its key.
  func renew(_ name: String, with old: String, key: String) async throws -> Answer {
    try await curl(
      "simplereenroll", "--cert", old, "--key", key, "--header", "Content-Type: application/pkcs10", "--data-binary",
      "@\(name).b64")
  }

  /// Writes the certificates in an answer to a file, in the form that openssl reads.
  func save(_ answer: Answer, as file: String) async throws {
    try scheduler.folder.write("\(file).b64", answer.body)
    try await openssl(["base64", "-d", "-in", "\(file).b64", "-out", "\(file).p7"])
    try await openssl(["pkcs7", "-inform", "DER", "-in", "\(file).p7", "-print_certs", "-out", file])
  }
}
