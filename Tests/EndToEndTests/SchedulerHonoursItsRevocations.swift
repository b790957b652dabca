// Goal: a certificate that a scheduler has revoked is refused by its own programs at once, and by agents with the next list, whichever of
// its roots issued it and whatever the roots are called.
import Glibc
import TestSupport
import Testing

@Suite struct SchedulerHonoursItsRevocations {
  @Test func aRevokedAgentIsNotTalkedTo() async throws {
    let fleet = try await Fleet()
    for name in ["good", "stolen"] {
      let agent = try await fleet.agent(name)
      try await agent.start()
      try await fleet.add(name, agent)
      #expect(try await fleet.agentctl("run", name, "--", "/bin/true").end == .exited(0))
    }
    let revoked = try await fleet.register("REVOKE CERT /AGENTNAME=STOLEN")
    #expect(revoked.contains("Certificate revoked") && revoked.contains("EXPORT CRL /FILENAME=crl.pem /THUMBPRINT="))

    let shown = try await fleet.agentctl("agents")
    #expect(shown.outputText.contains("Unauthenticated"), "\(shown.outputText)")
    #expect(shown.outputText.contains("its certificate was revoked on 20"), "\(shown.outputText)")
    let run = try await fleet.agentctl("run", "stolen", "--", "/usr/bin/touch", fleet.folder.path("ran"))
    #expect(run.end != .exited(0) && run.errorText.contains("its certificate was revoked on 20"), "\(run.errorText)")
    #expect(access(fleet.folder.path("ran"), F_OK) != 0)
    #expect(try await fleet.agentctl("run", "good", "--", "/bin/true").end == .exited(0))
  }

  /// Like `ChangeOfRootWithoutOutage`, with a client that is revoked in between.
  @Test func aSecondRootBringsNobodyBack() async throws {
    let fleet = try await Fleet()
    let agent = try await fleet.agent("localhost")
    try await agent.start()
    try await fleet.add("localhost", agent)
    let connector = try #require(thumbprints(try await fleet.register("LIST EXEC CONFIG")).last)
    let revoked = try await fleet.register("REVOKE CERT /THUMBPRINT=\(connector)")
    #expect(revoked.contains("is this scheduler's default connector certificate"), "\(revoked)")
    #expect(try await fleet.register("LIST EXEC CONFIG").contains("REVOKED on 20"))
    let export = try #require(
      revoked.split(separator: "\n").first { $0.contains("EXPORT CRL ") }?.split(separator: "    ").first)
    try await fleet.register(export.drop { $0 == " " }.description)
    try await agent.configure("-I", fleet.folder.path("crl.pem"))
    let refused = try await fleet.agentctl("agents")
    #expect(refused.outputText.contains("Unauthenticated") && refused.outputText.contains("refuses this side"))

    let second = try await fleet.register("CREATE ROOT CA /STOREKEY /MAKEDEFAULT")
    #expect(second.contains("subject     CN=JAMS Local Self-Signed Root CA 2\n"), "\(second)")
    try await fleet.register("EXPORT ROOT CA /NOKEY /FILENAME=root2.pem")
    try await agent.configure("-I", fleet.folder.path("root2.pem"))
    let exported = try await fleet.register("EXPORT CRL /FILENAME=crl2.pem")
    let root = try #require(thumbprints(try await fleet.register("LIST EXEC CONFIG")).first)
    #expect(exported.contains("  root        \(root)"), "\(exported)")
    try await agent.configure("-I", fleet.folder.path("crl2.pem"))
    #expect(try await fleet.agentctl("agents").outputText.contains("Unauthenticated"))
    // The first root's list still exists and can be imported again.
    try await agent.configure("-I", fleet.folder.path("crl.pem"))
    let listed = try await agent.configure("-l")
    #expect(listed.split(separator: "\n").count { $0.hasPrefix("crl ") } == 2, "\(listed)")
    #expect(listed.split(separator: "\n").count { $0.hasPrefix("  signed by") } == 2, "\(listed)")

    try await fleet.register("CREATE EXEC CONNECTOR CERT /STORECERT /MAKEDEFAULT")
    let online = try await fleet.agentctl("agents")
    #expect(online.outputText.contains("Online"), "\(online.outputText)")
  }

  @Test func ofTheSameNameIfThatIsWanted() async throws {
    let fleet = try await Fleet()
    let answer = try await fleet.register("CREATE ROOT CA /STOREKEY /NAME=\"JAMS Local Self-Signed Root CA\"")
    #expect(answer.contains("another root CA here has the same name"), "\(answer)")
  }

  private func thumbprints(_ text: String) -> [String] {
    text.split(separator: "\n").filter { $0.contains("Thumbprint: ") }.compactMap {
      $0.split(separator: " ").last.map(String.init)
    }
  }
}
