// The complaints: hashicorp/nomad#3247 and #4413 (errors after certificates were reloaded), temporalio/temporal#1162 (the process keeps the
// old certificate until it fails), jhuckaby/Cronicle#236 and #843 (a renewal requires a restart, which aborts jobs), Icinga/icinga2#7650
// (restart after the certificate is signed).
// The promise: a renewed certificate is served to the next client without a restart; the running job, the client that waits for it and the
// one that stays connected do not notice.
import TestCertificates
import TestSupport
import Testing

@Suite struct Complaint9_ReloadOfCertificatesCausesNoErrors {
  @Test func jobsAndConnectionsAreKept() async throws {
    let agent = try await Installation.running()
    let supervisor = agent.supervisorID
    try await agent.submit(
      "long", ["/bin/sh", "-c", "echo begun; read line < go; exit 3"], fields: try agent.gate("go"))
    try await wait(for: "the job to run") { try await agent.job("long").state == .running }
    let download = try await agent.finish("large", ["/usr/bin/head", "-c", "33554432", "/dev/zero"])
    #expect(download.status.outputBytes == 33_554_432)
    let slow = try TestProcess(
      ["curl"] + agent.curlArguments() + ["--limit-rate", "8M", "--output", "/dev/null"]
        + ["--write-out", "%{http_code} %{size_download}", "\(agent.url)/jobs/large/output"],
      environment: agent.environment)
    try await wait(for: "the download") { try agent.connections > 0 }
    let shepherd = try #require(agent.shepherds.first)

    let successor = try PKI.shared.issue(
      CertificateRecipe("/CN=AGENT01", .server).with {
        $0.extensions = ["subjectAltName = DNS:agent01, DNS:localhost"]
        $0.variant = 9
      }, by: agent.certificates.root)
    try agent.folder.write("successor.pem", try successor.certificatePEM + successor.keyPEM, mode: 0o600)
    try await agent.configure("-I", "successor.pem")
    let digest = try PKI.shared.openssl("x509", "-in", successor.certificatePath, "-noout", "-fingerprint", "-sha256")
    let thumbprint = digest.drop { $0 != "=" }.filter(\.isHexDigit).lowercased()
    let logged = agent.log.utf8.count
    try await agent.configure("-L", "-t", thumbprint)
    try await agent.logLine(with: "reload complete", thumbprint, after: logged)

    #expect(try await agent.request("GET", "agent").text.contains(thumbprint))
    #expect(ProcessTable.isAlive(shepherd) && ProcessTable.isAlive(supervisor))
    #expect(try await slow.end().outputText == "200 33554432", "the old listener finishes what it has begun")
    try await agent.openGate("go")
    #expect(try await agent.job("long", wait: 60).exitCode == 3)
  }
}
