// Goal: an agent serves with a certificate whose key was created on its own host and has never been elsewhere: request, signature, import,
// start.
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite struct KeyThatNeverLeftItsHost {
  @Test func requestSignImportServe() async throws {
    let agent = try await Installation()
    let scheduler = try TemporaryFolder()
    try await agent.configure("-R", "-n", "localhost", "-o", "request.pem")
    try expectMode("store/request.key", in: agent)
    // A second request uses the same key.
    let first = try agent.folder.read("store/request.key")
    try await agent.configure("-R", "-n", "localhost", "-o", "request.pem")
    #expect(try agent.folder.read("store/request.key") == first)

    try scheduler.write("request.pem", try agent.folder.read("request.pem"))
    try await register(scheduler, "CREATE ROOT CA /STOREKEY /MAKEDEFAULT")
    try await register(scheduler, "SIGN REQUEST /FILENAME=request.pem /AGENTNAME=localhost /OUT=agentcert.pem")
    let certificate = try scheduler.read("agentcert.pem")
    #expect(!certificate.contains("PRIVATE KEY"))
    try agent.folder.write("agentcert.pem", certificate)
    let imported = try await agent.configure("-I", "agentcert.pem")
    #expect(imported.contains("P-256, private key in the store"), "\(imported)")
    #expect(access(agent.folder.path("store/request.key"), F_OK) != 0)
    let thumbprint = try #require(
      imported.split(whereSeparator: \.isWhitespace).map { String($0) }.first {
        $0.count == 64 && $0.allSatisfy(\.isHexDigit)
      })
    try await agent.configure("-L", "-t", "\(thumbprint)", "-b", "127.0.0.1", "-p", "\(agent.port)")
    try await agent.start()
  }

  @Test func aCertificateOfAnotherKeyIsNotTakenForTheRequests() async throws {
    let agent = try await Installation()
    try await agent.configure("-R", "-o", "request.pem")
    let key = try agent.folder.read("store/request.key")
    try await agent.register()
    #expect(try agent.folder.read("store/request.key") == key)
  }

  @Test func aKeyThatOthersCanReadIsRefused() async throws {
    let agent = try await Installation()
    try await agent.configure("-R", "-o", "request.pem")
    chmod(agent.folder.path("store/request.key"), 0o644)
    let result = try await TestProcess(
      [agent.folder.path("bin/jams-register"), "-R", "-o", "request.pem"], environment: agent.environment,
      directory: agent.folder.path
    ).end()
    #expect(result.end == .exited(77))
    #expect(result.errorText.contains("chmod 600"), "\(result.errorText)")
  }

  private func expectMode(_ file: String, in agent: Installation) throws {
    var status = stat()
    try checked("stat", file) { stat(agent.folder.path(file), &status) }
    #expect(status.st_mode & 0o7777 == 0o600)
  }

  private func register(_ folder: TemporaryFolder, _ command: String) async throws {
    let result = try await TestProcess(
      [try BuiltProduct.path("scheduler-register"), "-H", folder.path("home"), command],
      environment: ["PATH": "/usr/bin:/bin"], directory: folder.path
    ).end()
    #expect(result.end == .exited(0), "\(result.errorText)")
  }
}
