import Glibc
import Synchronization
import SystemCalls
import TestSupport

/// A scheduler, and agents with certificates that it issued; they run as long as this object exists.
final class Fleet: Sendable {
  let folder: TemporaryFolder
  private let programs: [String: String]
  private let agents = Mutex<[Installation]>([])

  /// Creates a scheduler with a root CA and a connector certificate, without agents.
  init() async throws {
    folder = try TemporaryFolder()
    programs = try ["scheduler-register", "agentctl"].reduce(into: [:]) { $0[$1] = try BuiltProduct.path($1) }
    try await register("CREATE ROOT CA /STOREKEY /MAKEDEFAULT")
    try await register("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT")
  }

  var environment: [String: String] {
    [
      "PATH": "/usr/bin:/bin", "HOME": folder.path, "AGENTD_SCHEDULER_HOME": folder.path("home"), "LANG": "C.UTF-8",
    ]
  }

  /// Runs a command of scheduler-register, which must succeed.
  ///
  /// - Returns: its output, standard error after standard output.
  @discardableResult
  func register(_ arguments: String...) async throws -> String {
    let result = try await TestProcess(
      [programs["scheduler-register"]!] + arguments, environment: environment, directory: folder.path
    ).end()
    if result.end != .exited(0) { throw HarnessError("\(arguments): \(result.end): \(result.errorText)") }
    return result.outputText + result.errorText
  }

  /// Returns a new agent with that name, which is set up but not yet running.
  func agent(_ name: String) async throws -> Installation {
    let agent = try await Installation()
    agents.withLock { $0.append(agent) }
    let issued = try await register(
      "CREATE AGENT LISTENER CERT /AGENTNAME=\(name) /FILENAME=\(name).pem /NOPASSWORD /PEM /CHAIN")
    guard
      let thumbprint = issued.split(separator: "\n").first(where: { $0.contains("SHA-256") })?.split(separator: " ")
        .last
    else { throw HarnessError("no thumbprint in: \(issued)") }
    try await agent.configure("-I", folder.path("\(name).pem"))
    try await agent.configure(
      "-L", "-t", String(thumbprint), "-d", "none", "-b", "127.0.0.1", "-p", "\(agent.port)")
    return agent
  }

  /// Adds the connector to an agent.
  @discardableResult
  func add(_ name: String, _ agent: Installation) async throws -> String {
    try await register(
      "ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=\(name) /ADDRESS=127.0.0.1:\(agent.port) /PLATFORM=Linux")
  }

  /// Returns a scheduler with running agents of these names, which it knows.
  static func running(_ names: String...) async throws -> (fleet: Fleet, agents: [Installation]) {
    let fleet = try await Fleet()
    var agents: [Installation] = []
    for name in names {
      let agent = try await fleet.agent(name)
      try await agent.start()
      try await fleet.add(name, agent)
      agents.append(agent)
    }
    return (fleet, agents)
  }

  /// Moves the scheduler's folder to where no program finds it.
  func hideHome() throws { try checked("rename") { rename(folder.path("home"), folder.path("hidden")) } }

  /// Undoes `hideHome()`.
  func showHome() throws { try checked("rename") { rename(folder.path("hidden"), folder.path("home")) } }

  /// Starts agentctl.
  func start(_ arguments: String..., input: [UInt8]? = []) throws -> TestProcess {
    try TestProcess([programs["agentctl"]!] + arguments, environment: environment, directory: folder.path, input: input)
  }

  /// Runs agentctl to its end.
  func agentctl(_ arguments: String...) async throws -> ProcessResult {
    try await TestProcess([programs["agentctl"]!] + arguments, environment: environment, directory: folder.path).end()
  }
}
