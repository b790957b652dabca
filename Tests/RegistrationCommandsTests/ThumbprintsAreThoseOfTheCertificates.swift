// Goal: the thumbprints that LIST EXEC CONFIG prints are those of the default certificates, as openssl computes them, also once there are
// others.
import SystemCalls
import TestSupport
import Testing

@Suite struct ThumbprintsAreThoseOfTheCertificates {
  @Test func whichLISTEXECCONFIGPrints() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await expectThumbprints(scheduler)
    let first = try await scheduler.succeed("LIST EXEC CONFIG")
    // Others are no default until they are made it.
    try await scheduler.succeed("CREATE ROOT CA /STOREKEY")
    try await scheduler.succeed("CREATE EXEC CONNECTOR CERT /STORECERT")
    #expect(try await scheduler.succeed("LIST EXEC CONFIG") == first)
    try await scheduler.succeed("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT")
    #expect(try await scheduler.succeed("LIST EXEC CONFIG") != first)
    try await expectThumbprints(scheduler)
  }

  private func expectThumbprints(_ scheduler: ScratchScheduler) async throws {
    for file in ["root.pem", "connector.pem"] { TemporaryFolder.remove(scheduler.folder.path(file)) }
    try await scheduler.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    try await scheduler.succeed("EXPORT EXEC CERT /PEM /FILENAME=connector.pem /PASSWORDFILE=password")
    let lines = try await scheduler.succeed("LIST EXEC CONFIG").split(separator: "\n")
    let expected = try await [
      "Default Root CA Thumbprint: \(thumbprint("-sha1", "root.pem", scheduler))",
      "  SHA-256 \(thumbprint("-sha256", "root.pem", scheduler).lowercased())",
      "Default Executor Connector Thumbprint: \(thumbprint("-sha1", "connector.pem", scheduler))",
      "  SHA-256 \(thumbprint("-sha256", "connector.pem", scheduler).lowercased())",
    ]
    #expect(lines.filter { $0.contains("Thumbprint") || $0.contains("SHA-256") }.map(String.init) == expected)
  }

  private func thumbprint(_ digest: String, _ file: String, _ scheduler: ScratchScheduler) async throws -> String {
    let shown = try await run(
      "openssl", "x509", "-in", scheduler.folder.path(file), "-noout", "-fingerprint", digest)
    return shown.outputText.drop { $0 != "=" }.filter(\.isHexDigit)
  }
}
