// Goal: a client that is no longer admitted (its certificate is revoked, its root is removed) loses its existing connections within a
// second of the reload: the persistent one, the waiting one, the following one. Others do not notice.
import Glibc
import Synchronization
import TestCertificates
import TestSupport
import Testing

@Suite struct RefusedClientsLoseTheirConnections {
  @Test func byARevocationList() async throws {
    let root = try SchedulerCertificates.make().root
    let leaver = try PKI.shared.client("Leaver", by: root)
    let list = try PKI.shared.revocationList(by: root, revoking: [leaver])
    try await losesAll(leaver, because: "CN=Leaver", "was revoked on 20") { agent in
      try await agent.configure("-I", list)
    }
  }

  @Test func byRemovalOfTheirRoot() async throws {
    let root = try PKI.shared.root("Leaving Root")
    let leaver = try PKI.shared.client("Left", by: root)
    let digest = try PKI.shared.openssl("x509", "-in", root.certificatePath, "-noout", "-fingerprint", "-sha256")
    let thumbprint = digest.drop { $0 != "=" }.filter(\.isHexDigit)
    try await losesAll(leaver, because: "CN=Left", "CN=Leaving Root") { agent in
      try await agent.configure("-x", thumbprint, "--force")
    } prepare: { agent in
      try await agent.configure("-I", root.certificatePath)
      try await agent.logLine(with: "reload complete", "CN=Leaving Root")
    }
  }

  private func losesAll(
    _ leaver: Credential, because reason: String..., change: (Installation) async throws -> Void,
    prepare: (Installation) async throws -> Void = { _ in }
  ) async throws {
    // The best of three: other tests share the machine, and agentd is not responsible for their load.
    var best = Duration.seconds(60)
    for _ in 1...3 where best >= .seconds(1) {
      let agent = try await Installation.running()
      try await prepare(agent)
      try await agent.submit("held", ["/bin/sh", "-c", "echo begun; read line < go"], fields: try agent.gate("go"))
      _ = try await agent.finish("large", ["/usr/bin/head", "-c", "33554432", "/dev/zero"])
      let clients = try await Clients(of: leaver, at: agent)

      let logged = agent.log.utf8.count
      try await change(agent)
      try await agent.logLine(with: "reload complete", after: logged)
      let begun = ContinuousClock.now
      try await wait(for: "the leaver's connections to be closed") { clients.leavers.allSatisfy(\.isOver) }
      best = min(best, .now - begun)

      try await expectEnds(of: clients)
      let lines = agent.log.split(separator: "\n").filter { $0.contains("its client is no longer let in") }
      #expect(lines.count == 3)
      for line in lines { #expect(reason.allSatisfy(line.contains) && line.contains("peer=127.0.0.1:"), "\(line)") }
    }
    #expect(best < .seconds(1))
  }

  private func expectEnds(of clients: Clients) async throws {
    #expect(try await clients.waiting.end().outputText == "", "an answer would be an answer to a stranger")
    #expect(try await clients.following.end().end != .exited(0), "a part is not taken for the whole")
    #expect(try await clients.othersDownload.end().outputText == "200 33554432")
    #expect(try await clients.othersWait.end().outputText.hasPrefix("{"))
  }
}

/// The connected clients at the time of the change.
private struct Clients {
  let keptAlive: TestProcess
  let waiting: TestProcess
  let following: TestProcess
  let othersDownload: TestProcess
  let othersWait: TestProcess

  var leavers: [TestProcess] { [keptAlive, waiting, following] }

  /// Connects them, and waits until each has received its first data.
  init(of leaver: Credential, at agent: Installation) async throws {
    let presented = Presented(leaver)
    func curl(_ presented: Presented?, _ arguments: String...) throws -> TestProcess {
      try TestProcess(["curl"] + agent.curlArguments(as: presented) + arguments, environment: agent.environment)
    }
    keptAlive = try TestProcess(
      [
        "openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(agent.port)", "-CAfile", agent.certificates.rootPath,
        "-cert", leaver.certificatePath, "-key", leaver.keyPath,
      ], environment: agent.environment, input: nil)
    try keptAlive.write("GET /v1/agent HTTP/1.1\r\nHost: localhost\r\n\r\n")
    waiting = try curl(presented, "\(agent.url)/jobs/held?wait=60")
    following = try curl(presented, "--no-buffer", "\(agent.url)/jobs/held/output?follow=1")
    // A few seconds' worth, so that most of it is sent after the change.
    othersDownload = try curl(
      nil, "--limit-rate", "8M", "--output", "/dev/null", "--write-out", "%{http_code} %{size_download}",
      "\(agent.url)/jobs/large/output")
    othersWait = try curl(nil, "\(agent.url)/jobs/held?wait=60")
    let (keptAlive, following) = (keptAlive, following)
    try await wait(for: "all clients to be connected") {
      try keptAlive.outputText.contains("200 OK") && following.outputText == "begun\n" && agent.connections == 5
    }
  }
}
