// Goal: /DAYS gives the days that were asked for, to the second; only where none are asked for do agents' certificates expire at different
// times; and what the root CA's end cuts off is said.
import SystemCalls
import TestSupport
import Testing

@Suite struct CertificatesLastAsLongAsAsked {
  private static func end(_ file: String, _ scheduler: ScratchScheduler, after days: Int) async throws -> Bool {
    let path = scheduler.folder.path(file)
    // openssl(1) measures from now: valid a minute before, expired two minutes after.
    let seconds = days * 86400
    let before = try await run("openssl", "x509", "-in", path, "-noout", "-checkend", "\(seconds - 60)")
    let after = try await run("openssl", "x509", "-in", path, "-noout", "-checkend", "\(seconds + 120)")
    return before.end == .exited(0) && after.end == .exited(1)
  }

  @Test func toTheSecond() async throws {
    let scheduler = try await ScratchScheduler.ready()
    let agent = "CREATE AGENT LISTENER CERT /NOPASSWORD /PEM"
    try await scheduler.succeed("\(agent) /AGENTNAME=a /FILENAME=a.pem /DAYS=90")
    #expect(try await Self.end("a.pem", scheduler, after: 90))
    try await scheduler.succeed("CREATE OPERATOR CERT /NAME=b /FILENAME=b.pem /NOPASSWORD /DAYS=7")
    #expect(try await Self.end("b.pem", scheduler, after: 7))
    try await scheduler.succeed("CREATE ROOT CA /STOREKEY /MAKEDEFAULT /NAME=Brief /DAYS=30")
    let cut = try await scheduler.register("\(agent) /AGENTNAME=c /FILENAME=c.pem /DAYS=31")
    #expect(cut.errorText.contains("it is valid only to 20") && cut.end == .exited(0), "\(cut.errorText)")
    #expect(try await Self.end("c.pem", scheduler, after: 30))
    #expect(try await scheduler.register("\(agent) /AGENTNAME=d /FILENAME=d.pem /DAYS=29").errorText == "")
  }
}
