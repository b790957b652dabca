import SystemCalls
import TestSupport

/// A scheduler's state in a separate folder.
final class ScratchScheduler: Sendable {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("password", "correct horse\n", mode: 0o600)
  }

  /// Runs a scheduler-register command in the scratch folder.
  func register(_ arguments: String..., input: String = "") async throws -> ProcessResult {
    try await TestProcess(
      [try BuiltProduct.path("scheduler-register")] + arguments,
      environment: ["PATH": "/usr/bin:/bin", "AGENTD_SCHEDULER_HOME": folder.path("home"), "HOME": folder.path],
      directory: folder.path, input: Array(input.utf8)
    ).end()
  }

  /// Runs a command, split at spaces, which must succeed.
  @discardableResult
  func succeed(_ command: String) async throws -> String {
    let result = try await register(command)
    if result.end != .exited(0) { throw CommandFailed(description: "\(command): \(result.end): \(result.errorText)") }
    return result.outputText
  }

  /// Creates a scheduler with a root CA and a connector certificate.
  static func ready() async throws -> ScratchScheduler {
    let scheduler = try ScratchScheduler()
    try await scheduler.succeed("CREATE ROOT CA /STOREKEY /MAKEDEFAULT")
    try await scheduler.succeed("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT")
    return scheduler
  }

  /// Creates a standby for this one, with the same root CA.
  func standby() async throws -> ScratchScheduler {
    let other = try ScratchScheduler()
    try await succeed("EXPORT ROOT CA /FILENAME=root.pfx /PASSWORDFILE=password")
    try await other.succeed(
      "IMPORT ROOT CA /FILENAME=\(folder.path("root.pfx")) /PASSWORDFILE=password /MAKEDEFAULT /STOREKEY")
    return other
  }

  func image() throws -> FolderImage { try FolderImage(of: folder.path("home")) }
}

struct CommandFailed: Error, CustomStringConvertible {
  let description: String
}

extension String {
  /// Returns the thumbprint in the line of an answer that contains `title`.
  func thumbprint(after title: String) -> String? {
    split(separator: "\n").first { $0.contains(title) }?.split(separator: " ").last.map(String.init)
  }
}
