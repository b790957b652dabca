import Glibc
import SystemCalls
import TestSupport
import Testing

/// A scheduler, made by scheduler-register, whose enrolment service runs.
final class EnrolmentScheduler: Sendable {
  let folder: TemporaryFolder
  let port: Int
  private let service: TestProcess

  /// - Parameter switches: of SERVE ENROLMENT.
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

  /// What agents call the service.
  var server: String { "localhost:\(port)" }

  var log: String { service.errorText }

  /// Ends the service.
  func stop() async throws {
    try service.handle.send(SIGTERM)
    _ = try await service.end()
  }

  /// A code as it is shown.
  func code(_ agentName: String = "localhost") async throws -> String {
    let answer = try await Self.register(folder, "CREATE ENROLMENT CODE /AGENTNAME=\(agentName)")
    let line = try #require(answer.split(separator: "\n").first { $0.hasPrefix("  code") })
    return String(try #require(line.split(separator: " ").last))
  }

  /// The connector's certificate and key, as curl takes them.
  func connector() throws -> Presented {
    let store = folder.path("home/store/current")
    let name = try #require(try Folder.names(in: "\(store)/certificates").first)
    return Presented(files: ("\(store)/certificates/\(name)", "\(store)/keys/\(name)"))
  }

  /// What the agent answers to the connector.
  func ask(_ agent: Installation, _ path: String = "agent") async throws -> ProcessResult {
    try await TestProcess(
      ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", folder.path("root.pem")]
        + connector().curlArguments + ["\(agent.url)/\(path)"], environment: agent.environment
    ).end()
  }

  /// Carries out a command of scheduler-register, which has to succeed.
  @discardableResult
  static func register(_ folder: TemporaryFolder, _ command: String) async throws -> String {
    let result = try await start(folder, command).end()
    if result.end != .exited(0) { throw HarnessError("\(command): \(result.errorText)") }
    return result.outputText
  }

  private static func start(_ folder: TemporaryFolder, _ command: String) throws -> TestProcess {
    try TestProcess(
      [try BuiltProduct.path("scheduler-register"), "-H", folder.path("home"), command],
      environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path], directory: folder.path)
  }
}

extension Installation {
  /// Runs jams-register, whatever comes of it.
  func attempt(_ arguments: String...) async throws -> ProcessResult { try await run(["jams-register"] + arguments) }

  /// Runs a command in the installation's folder and environment, whatever comes of it. The installation's own programs go
  /// before the system's.
  func run(_ command: [String]) async throws -> ProcessResult {
    let own = folder.path("bin/\(command[0])")
    let program = access(own, X_OK) == 0 ? own : command[0]
    return try await TestProcess([program] + command.dropFirst(), environment: environment, directory: folder.path)
      .end()
  }

  /// As if two thirds of the certificate's life were over.
  func makeRenewalDue() throws {
    let text = try folder.read("listener.toml").split(separator: "\n").map { line in
      line.hasPrefix("renew_at") ? "renew_at = \"2026-01-01T00:00:00Z\"" : String(line)
    }
    try folder.write("listener.toml", text.joined(separator: "\n") + "\n")
  }

  /// Gets the agent its certificate from a scheduler, to listen on this installation's port.
  func enrol(at scheduler: EnrolmentScheduler) async throws {
    try folder.write("code", try await scheduler.code() + "\n", mode: 0o600)
    try await configure("-R", "-s", scheduler.server, "-n", "localhost", "-P", "code")
    try await configure("-L", "-b", "127.0.0.1", "-p", "\(port)")
  }
}
