import Glibc
import TestCertificates
import TestSupport
import Testing

/// Of each issuer the newest revocation list is kept; an older one does not come back.
struct RevocationListImports {
  private let host: ScratchHost
  private let files: BundleFiles

  init() async throws {
    (host, files) = (try ScratchHost(), try BundleFiles())
    #expect(try await add(files.root.certificatePath).end == .exited(0))
  }

  private func add(_ path: String) async throws -> ProcessResult { try await host.register("-I", path) }

  private func list(_ number: Int, thisUpdate: Int = -3600, nextUpdate: Int = 86400) throws -> String {
    try files.pki.revocationList(
      by: files.root, revoking: [], number: number, thisUpdate: thisUpdate, nextUpdate: nextUpdate)
  }

  @Test func theNewestNumberWins() async throws {
    // By the number, though the clock of the issuer went back; 0xff and 0x100 differ in length.
    let (old, new) = (try list(255, thisUpdate: -60), try list(256, thisUpdate: -7200))
    #expect(try await add(old).end == .exited(0))
    let first = try host.stored("crls")
    let result = try await add(new)
    #expect(result.end == .exited(0), "\(result.errorText)")
    let second = try host.stored("crls")
    #expect(first.count == 1 && second.count == 1 && first != second)
    let image = try host.image()
    let refused = try await add(old)
    #expect(refused.end == .exited(65))
    #expect(
      matches(
        refused.errorText,
        "agent-register: *: revocation list of CN=Scheduler Root was issued at *Z, before the one in the store (*Z); "
          + "import a newer one\n"))
    #expect(try host.image() == image)
  }

  @Test func listsOfOtherIssuersStay() async throws {
    let other = try files.pki.root("Other Root")
    #expect(try await add(other.certificatePath).end == .exited(0))
    #expect(try await add(files.pki.revocationList(by: other, revoking: [])).end == .exited(0))
    #expect(try await add(list(1)).end == .exited(0))
    #expect(try host.stored("crls").count == 2)
  }

  @Test func aListOutOfDateIsImportedWithAWarning() async throws {
    let result = try await add(list(1, thisUpdate: -7200, nextUpdate: -3600))
    #expect(result.end == .exited(0))
    #expect(
      matches(
        result.errorText,
        "agent-register: warning: *: revocation list of CN=Scheduler Root expired at 20*Z\n"))
  }

  @Test func removingOneTakesForce() async throws {
    #expect(try await add(list(1)).end == .exited(0))
    let thumbprint = String(try #require(try host.stored("crls").first).dropLast(4))
    let refused = try await host.register("-x", thumbprint)
    #expect(refused.end == .exited(78))
    #expect(
      refused.errorText
        == "agent-register: revocation list of CN=Scheduler Root is in use: without it, the certificates it "
        + "revokes are accepted; to remove it anyway, use --force\n")
    #expect(try await host.register("-x", thumbprint, "--force").end == .exited(0))
    #expect(try host.stored("crls").isEmpty)
  }

  @Test func itIsListedAndExported() async throws {
    let path = try list(1)
    #expect(try await add(path).end == .exited(0))
    let thumbprint = String(try #require(try host.stored("crls").first).dropLast(4))
    #expect(
      try await host.register("-l").outputText.contains("\ncrl           CN=Scheduler Root  (in use)\n  made        20")
    )
    #expect(try await host.register("-E", thumbprint).outputText == files.pem(path))
  }
}
