import Glibc
import TestCertificates
import TestSupport

/// The clients written for these tests, compiled once per run.
enum CompiledClients {
  /// Whether `make interop` runs these tests: it installs the compilers, which are then required.
  static let areWanted = getenv("AGENTD_INTEROP") != nil
  /// The reason for skipping the tests otherwise.
  static let reason = "Go and Java take some 700 MB: 'make interop' installs them and runs these"

  /// The folder of the sources.
  static let sources = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Clients"

  /// The Go program.
  static let go = Task {
    let folder = try PKI.shared.scratchFolder()
    try await compile(
      "go", "build", "-o", "\(folder)/agent", "\(sources)/agent.go", variables: ["GOCACHE": "\(folder)/cache"])
    return "\(folder)/agent"
  }

  /// The folder with the Java class.
  static let java = Task {
    let folder = try PKI.shared.scratchFolder()
    try await compile("javac", "-d", folder, "\(sources)/Agent.java", variables: [:])
    return folder
  }

  private static func compile(_ command: String..., variables: [String: String]) async throws {
    let environment = ["PATH": "/usr/bin:/bin", "HOME": PKI.shared.folder, "GO111MODULE": "off"]
    let result = try await TestProcess(command, environment: environment.merging(variables) { $1 })
      .end(within: .seconds(300))
    if result.end != .exited(0) { throw HarnessError("\(command): \(result.end): \(result.errorText)") }
  }
}
