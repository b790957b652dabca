// The vulnerability: CVE-2025-55110 of BMC Control-M/Agent. The password of its key store was a documented default.
// The promise: only passwords that the user gave are tried; keys are accessible only to their owner, whatever the umask and source file.
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite struct C4_KeysAreProtectedByMoreThanAKnownPassword {
  @Test(arguments: ["changeit", "password", "agentd", "1234"])
  func noPasswordIsGuessed(password: String) async throws {
    let agent = try await Installation()
    let listener = agent.certificates.listener
    let key = try PKI.shared.openssl("pkey", "-in", listener.keyPath, "-aes256", "-passout", "pass:\(password)")
    try agent.folder.write(
      "bundle.pem", try listener.certificatePEM + key + agent.certificates.root.certificatePEM, mode: 0o600)
    await #expect(throws: HarnessError.self) { try await agent.configure("-I", "bundle.pem") }
    #expect(try await !agent.configure("-l").contains("AGENT01"))
  }

  @Test func theStoreIsItsOwnersAlone() async throws {
    let agent = try await Installation()
    try agent.folder.write("agentcert.pem", agent.certificates.bundle, mode: 0o644)
    try agent.folder.write("password", SchedulerCertificates.password, mode: 0o644)
    let result = try await TestProcess(
      ["/bin/sh", "-c", "umask 0; exec jams-register -I agentcert.pem -P password"], environment: agent.environment,
      directory: agent.folder.path
    ).end()
    #expect(result.end == .exited(0), "\(result.errorText)")
    let image = try FolderImage(of: agent.folder.path("store"))
    let keys = image.files.filter { $0.value.contains("PRIVATE KEY") }
    #expect(keys.count == 1)
    for (name, contents) in keys { #expect(contents.hasPrefix("100600 "), "\(name)") }
    #expect(image.files["."]?.hasPrefix("40700 ") == true)
    // Not encrypted with a password that would have to be stored: the file's mode protects it.
    #expect(keys.values.allSatisfy { !$0.contains("ENCRYPTED") })

    try await agent.configure(
      "-L", "-t", try agent.certificates.listenerThumbprint, "-b", "127.0.0.1", "-p", "\(agent.port)")
    for name in keys.keys { chmod(agent.folder.path("store/\(name)"), 0o640) }
    let start = try await agent.failedStart()
    #expect(start.end == .exited(EX_CONFIG) && start.errorText.contains("others can read"), "\(start.errorText)")
  }
}
