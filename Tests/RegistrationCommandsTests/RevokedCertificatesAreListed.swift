// Goal: a certificate revoked here is refused by everybody who has the next list, and every list is newer than the previous one.
import SystemCalls
import TestSupport
import Testing

@Suite struct RevokedCertificatesAreListed {
  @Test func revoked() async throws {
    let scheduler = try await ScratchScheduler.ready()
    try await scheduler.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    let issued = try await scheduler.succeed(
      "CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=a.pem /PASSWORDFILE=password /PEM /CHAIN")
    try await scheduler.succeed("EXPORT CRL /FILENAME=before.pem")
    // As copied from a dialog.
    let thumbprint = try #require(issued.thumbprint(after: "thumbprint"))
    let shown = thumbprint.lowercased().enumerated().map { ($0 % 2 == 0 ? " " : "") + "\($1)" }.joined()
    let answer = try await scheduler.register("REVOKE CERT /THUMBPRINT=\"\u{200e}\(shown)\"")
    #expect(answer.outputText.contains("Certificate revoked"), "\(answer.errorText)")
    try await scheduler.succeed("EXPORT CRL /FILENAME=after.pem")

    #expect(try await isRefused("a.pem", by: "before.pem", scheduler) == false)
    #expect(try await isRefused("a.pem", by: "after.pem", scheduler) == true)
    #expect(try await number("before.pem", scheduler) < number("after.pem", scheduler))
  }

  @Test func aStandbyTakesOverWhatWasRevoked() async throws {
    let (first, second) = (try await ScratchScheduler.ready(), try ScratchScheduler())
    try await first.succeed("EXPORT ROOT CA /FILENAME=root.pfx /PASSWORDFILE=password")
    try await first.succeed("EXPORT ROOT CA /NOKEY /FILENAME=root.pem")
    let issue = "CREATE AGENT LISTENER CERT /PASSWORDFILE=password /PEM /CHAIN"
    let issued = try await first.succeed("\(issue) /AGENTNAME=A /FILENAME=a.pem")
    try await first.succeed("\(issue) /AGENTNAME=B /FILENAME=b.pem")
    try await first.succeed("REVOKE CERT /THUMBPRINT=\(try #require(issued.thumbprint(after: "SHA-256")))")
    try await first.succeed("EXPORT CRL /FILENAME=crl.pem")
    for file in ["root.pfx", "root.pem", "crl.pem", "a.pem", "b.pem"] {
      try second.folder.write(file, try bytes(file, first))
    }
    // Without the root, nobody can tell whose list it is.
    let early = try await second.register("IMPORT CRL /FILENAME=crl.pem")
    #expect(early.end == .exited(65) && early.errorText.contains("no root CA here signed this list"))

    try await second.succeed("IMPORT ROOT CA /FILENAME=root.pfx /PASSWORDFILE=password /STOREKEY /MAKEDEFAULT")
    #expect(try await second.succeed("IMPORT CRL /FILENAME=crl.pem").contains("1, 1 of them new here"))
    #expect(try await second.succeed("IMPORT CRL /FILENAME=crl.pem").contains("1, 0 of them new here"))
    try await second.succeed("REVOKE CERT /FILENAME=b.pem")
    try await second.succeed("EXPORT CRL /FILENAME=next.pem")
    for file in ["a.pem", "b.pem"] { #expect(try await isRefused(file, by: "next.pem", second)) }
    #expect(try await number("crl.pem", second) < number("next.pem", second))

    let stranger = try await ScratchScheduler.ready()
    try await stranger.succeed("EXPORT CRL /FILENAME=crl.pem")
    try second.folder.write("strange.pem", try bytes("crl.pem", stranger))
    #expect(try await second.register("IMPORT CRL /FILENAME=strange.pem").end == .exited(65))
    #expect(try await stranger.register("REVOKE CERT /FILENAME=\(first.folder.path("a.pem"))").end == .exited(65))
  }

  private func bytes(_ file: String, _ scheduler: ScratchScheduler) throws -> [UInt8] {
    try DurableFile.read(scheduler.folder.path(file), limit: 1 << 20)
  }

  private func isRefused(_ file: String, by list: String, _ scheduler: ScratchScheduler) async throws -> Bool {
    func path(_ name: String) -> String { scheduler.folder.path(name) }
    let result = try await run(
      "openssl", "verify", "-crl_check", "-CAfile", path("root.pem"), "-CRLfile", path(list), path(file))
    return result.errorText.contains("certificate revoked")
  }

  private func number(_ list: String, _ scheduler: ScratchScheduler) async throws -> Int {
    let shown = try await run("openssl", "crl", "-in", scheduler.folder.path(list), "-noout", "-crlnumber")
    return try #require(Int(shown.outputText.filter { $0 != "\n" }.drop { $0 != "x" }.dropFirst(), radix: 16))
  }
}
