import TestSupport

extension Installation {
  /// Starts agentd, which has to end by itself.
  func failedStart() async throws -> ProcessResult {
    try await TestProcess(
      ["\(folder.path("bin"))/jams-agentd", "-F"], environment: environment, directory: folder.path
    ).end()
  }
}
