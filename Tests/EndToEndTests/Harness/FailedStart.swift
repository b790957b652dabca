import TestSupport

extension Installation {
  /// Starts agentd, which must exit of its own accord.
  func failedStart() async throws -> ProcessResult {
    try await TestProcess(
      ["\(folder.path("bin"))/jams-agentd", "-F"], environment: environment, directory: folder.path
    ).end()
  }
}
