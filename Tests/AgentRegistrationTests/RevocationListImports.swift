import Glibc
import TestCertificates
import TestSupport
import Testing

/// The newest revocation list of each issuer is kept; an older one does not replace it.
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
    // The number decides even if the issuer's clock went back; 0xff and 0x100 differ in length.
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
        "agent-register: *: revocation list of CN=Scheduler Root (number 0x*ff, made at *Z) is older than the one in the store "
          + "(number 0x0100, made at *Z): import a newer one, or, if the CA restarted its numbers, remove the stored one first\n"
      )
    )
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
        "agent-register: warning: *: revocation list of CN=Scheduler Root expired at 20*Z: its entries count, later ones are missing; "
          + "import a newer one\n"))
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

  @Test func aListReplacesNoneOfAnotherKey() async throws {
    let namesake = try files.pki.issue(
      CertificateRecipe("/CN=Scheduler Root", .authority).with { $0.variant = 1 }, by: nil)
    #expect(try await add(namesake.certificatePath).end == .exited(0))
    #expect(try await add(list(7)).end == .exited(0))
    for number in [3, 9] {
      let path = try files.pki.revocationList(by: namesake, revoking: [], number: number)
      let result = try await add(path)
      #expect(result.end == .exited(0), "\(result.errorText)")
      #expect(try host.stored("crls").count == 2)
    }
    #expect(try await add(list(8)).end == .exited(0))
    #expect(try host.stored("crls").count == 2)
  }

  @Test func aListReplacesNoneOfAnotherDistributionPoint() async throws {
    func shard(_ index: Int, _ number: Int) throws -> String {
      try files.pki.revocationList(
        by: files.root, revoking: [], number: number,
        extensions: [
          "issuingDistributionPoint = critical, @point", "[point]", "fullname = URI:http://crl.example/\(index)",
        ])
    }
    #expect(try await add(list(50)).end == .exited(0))
    for index in 0..<3 { #expect(try await add(shard(index, 60 - index)).end == .exited(0)) }
    #expect(try host.stored("crls").count == 4)
    #expect(try await add(shard(1, 61)).end == .exited(0))
    #expect(try host.stored("crls").count == 4)
    let refused = try await add(shard(1, 60))
    #expect(refused.end == .exited(65) && refused.errorText.contains("for URI:http://crl.example/1 (number 0x3c"))
    #expect(try await host.register("-l").outputText.contains("  for         URI:http://crl.example/1\n"))
  }

  static let unusable: [(lines: [String], words: String)] = [
    (["2.5.29.27 = critical, DER:02:01:01"], "is a delta list"),
    (["issuingDistributionPoint = critical, @point", "[point]", "indirectCRL = TRUE"], "is an indirect list"),
    (["issuingDistributionPoint = critical, @point", "[point]", "onlysomereasons = keyCompromise"], "some reasons"),
    (["1.3.6.1.4.1.55555.1 = critical, ASN1:UTF8String:x"], "critical extension that is not known"),
  ]

  @Test(arguments: unusable.indices) func whatWouldKeepEverybodyOutIsRefused(_ index: Int) async throws {
    let row = Self.unusable[index]
    #expect(try await add(list(1)).end == .exited(0))
    let image = try host.image()
    let path = try files.pki.revocationList(by: files.root, revoking: [], number: 2, extensions: row.lines)
    let result = try await add(path)
    #expect(result.end == .exited(65) && result.errorText.contains(row.words), "\(result.errorText)")
    #expect(try host.image() == image)
    let early = try await add(list(2, thisUpdate: 3600))
    #expect(early.end == .exited(65) && early.errorText.contains("check this host's clock"), "\(early.errorText)")
    #expect(try await add(list(2, thisUpdate: 120)).end == .exited(0))
  }

  @Test func whoRevokesTheAgentItselfIsTold() async throws {
    try host.folder.write("bundle", try files.bytes(files.listener.bundlePath), mode: 0o600)
    #expect(try await add("bundle").end == .exited(0))
    let result = try await add(try files.pki.revocationList(by: files.root, revoking: [files.listener]))
    #expect(
      result.end == .exited(0) && result.errorText.contains("which is in the store: whoever has this list refuses it"))
  }
}
