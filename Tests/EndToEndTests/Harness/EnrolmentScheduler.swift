import Glibc
import SystemCalls
import TestSupport
import Testing

/// A scheduler created with scheduler-register, with a running enrolment service.
final class EnrolmentScheduler: Sendable {
  let folder: TemporaryFolder
  let port: Int
  private let service: TestProcess

  /// - Parameter switches: the switches of SERVE ENROLMENT.
  init(_ switches: String = "") async throws {
    folder = try TemporaryFolder()
    port = try FreePort.next()
    try await Self.register(folder, "CREATE ROOT CA /STOREKEY /MAKEDEFAULT")
    try await Self.register(folder, "CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT")
    try await Self.register(folder, "EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    service = try Self.start(folder, "SERVE ENROLMENT /BIND=127.0.0.1 /PORT=\(port) \(switches)")
    let service = service
    try await wait(for: "the enrolment service") {
      if service.isOver { throw HarnessError("the enrolment service has ended: \(service.errorText)") }
      return service.errorText.contains("enrolment is served")
    }
  }

  /// The address under which agents know the service.
  var server: String { "localhost:\(port)" }

  var log: String { service.errorText }

  /// Stops the service.
  func stop() async throws {
    try service.handle.send(SIGTERM)
    _ = try await service.end()
  }

  /// Returns a new code, as shown.
  func code(_ agentName: String = "localhost") async throws -> String {
    let answer = try await Self.register(folder, "CREATE ENROLMENT CODE /AGENTNAME=\(agentName)")
    let line = try #require(answer.split(separator: "\n").first { $0.hasPrefix("  code") })
    return String(try #require(line.split(separator: " ").last))
  }

  /// Returns the connector's certificate and key, as curl reads them.
  func connector() throws -> Presented {
    let store = folder.path("home/store/current")
    let name = try #require(try Folder.names(in: "\(store)/certificates").first)
    return Presented(files: ("\(store)/certificates/\(name)", "\(store)/keys/\(name)"))
  }

  /// Returns the agent's answer to the connector.
  func ask(_ agent: Installation, _ path: String = "agent") async throws -> ProcessResult {
    try await TestProcess(
      ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", folder.path("root.pem")]
        + connector().curlArguments + ["\(agent.url)/\(path)"], environment: agent.environment
    ).end()
  }

  /// Runs a command of scheduler-register, which must succeed.
  @discardableResult
  static func register(_ folder: TemporaryFolder, _ command: String) async throws -> String {
    let result = try await start(folder, command).end()
    if result.end != .exited(0) { throw HarnessError("\(command): \(result.errorText)") }
    return result.outputText
  }

  static func start(_ folder: TemporaryFolder, _ command: String) throws -> TestProcess {
    try TestProcess(
      [try BuiltProduct.path("scheduler-register"), "-H", folder.path("home"), command],
      environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path], directory: folder.path)
  }
}

extension Installation {
  /// Runs jams-register, whatever the result.
  func attempt(_ arguments: String...) async throws -> ProcessResult { try await run(["jams-register"] + arguments) }

  /// Runs a command in the installation's folder and environment, whatever the result. The installation's own programs take precedence over
  /// the system's.
  func run(_ command: [String]) async throws -> ProcessResult {
    let own = folder.path("bin/\(command[0])")
    let program = access(own, X_OK) == 0 ? own : command[0]
    return try await TestProcess([program] + command.dropFirst(), environment: environment, directory: folder.path)
      .end()
  }

  /// Makes it look as if two thirds of the certificate's lifetime have passed.
  func makeRenewalDue() throws {
    let text = try folder.read("listener.toml").split(separator: "\n").map { line in
      line.hasPrefix("renew_at") ? "renew_at = \"2026-01-01T00:00:00Z\"" : String(line)
    }
    try folder.write("listener.toml", text.joined(separator: "\n") + "\n")
  }

  /// Enrols the agent with a scheduler, and makes it listen on this installation's port.
  func enrol(at scheduler: EnrolmentScheduler) async throws {
    try folder.write("code", try await scheduler.code() + "\n", mode: 0o600)
    try await configure("-R", "-s", scheduler.server, "-n", "localhost", "-P", "code")
    try await configure("-L", "-b", "127.0.0.1", "-p", "\(port)")
  }
}
