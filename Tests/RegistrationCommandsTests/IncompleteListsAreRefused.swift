// Goal: a scheduler that renews another's certificates by its revocation list takes no list for complete that is not.
import SystemCalls
import TestCertificates
import TestSupport
import Testing

@Suite struct IncompleteListsAreRefused {
  static let rows: [(lines: [String], words: String)] = [
    (["2.5.29.27 = critical, DER:02:01:01"], "it is a delta list"),
    (["issuingDistributionPoint = critical, @point", "[point]", "indirectCRL = TRUE"], "it is an indirect list"),
    (["issuingDistributionPoint = critical, @point", "[point]", "onlysomereasons = keyCompromise"], "some reasons"),
    (["issuingDistributionPoint = critical, @point", "[point]", "onlyAA = TRUE"], "attribute certificates"),
    (["issuingDistributionPoint = critical, @point", "[point]", "onlyCA = TRUE"], "it is about CAs alone"),
    (
      ["issuingDistributionPoint = critical, @point", "[point]", "fullname = URI:http://crl.example/1"],
      "it is about the certificates of URI:http://crl.example/1 alone"
    ),
    (["1.3.6.1.4.1.55555.1 = critical, ASN1:UTF8String:x"], "critical extension that is not known"),
  ]

  @Test(arguments: rows.indices) func andACompleteOneIsNot(_ index: Int) async throws {
    let (row, pki) = (Self.rows[index], PKI.shared)
    let root = try pki.root("Shared Root CA")
    let scheduler = try ScratchScheduler()
    try pki.openssl(
      "pkcs12", "-export", "-in", root.certificatePath, "-inkey", root.keyPath, "-out",
      scheduler.folder.path("root.pfx"), "-passout", "pass:correct horse")
    try await scheduler.succeed("IMPORT ROOT CA /FILENAME=root.pfx /PASSWORDFILE=password /STOREKEY /MAKEDEFAULT")
    let image = try scheduler.image()
    let revoked = try pki.server("agent01", by: root)
    let partial = try pki.revocationList(by: root, revoking: [revoked], extensions: row.lines)
    let refused = try await scheduler.register("IMPORT CRL /FILENAME=\(partial)")
    #expect(refused.end == .exited(65) && refused.errorText.contains(row.words), "\(refused.errorText)")
    #expect(try scheduler.image() == image)
    let users = ["issuingDistributionPoint = critical, @point", "[point]", "onlyuser = TRUE"]
    for lines in [[], users] {
      let complete = try pki.revocationList(by: root, revoking: [revoked], extensions: lines)
      #expect(try await scheduler.succeed("IMPORT CRL /FILENAME=\(complete)").contains("  revoked     1,"))
    }
  }
}
