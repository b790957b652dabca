/// Passages of the scheduler's documentation that several tests use.
extension Terminal {
  /// Answers the prompt for the password of a private key, once or twice.
  func answerPassword(twice: Bool) async throws {
    try await expect("Private key password: ")
    try type(SchedulerCertificates.password + "\n")
    guard twice else { return }
    try await expect("again: ")
    try type(SchedulerCertificates.password + "\n")
  }

  /// At a standby scheduler's prompt: imports root.pfx and exec.pfx.
  func importFromFirstScheduler() async throws {
    try type("IMPORT ROOT CA /FILENAME=root.pfx /PROMPT /MAKEDEFAULT /STOREKEY\n")
    try await answerPassword(twice: false)
    try await expect("Root CA imported")
    try type("IMPORT EXEC CERT /FILENAME=exec.pfx /PROMPT /MAKEDEFAULT\n")
    try await answerPassword(twice: false)
    try await expect("Executor certificate imported")
  }
}
