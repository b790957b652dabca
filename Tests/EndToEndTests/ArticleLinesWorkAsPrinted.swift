// Goal: an administrator who types the three Linux commands of the scheduler's documentation, exactly as printed, in a terminal, has a
// running agent that admits the scheduler.
import SystemCalls
import TestSupport
import Testing

@Suite struct ArticleLinesWorkAsPrinted {
  @Test func typedInATerminal() async throws {
    let agent = try await Installation()
    try agent.folder.write("agentcert.pem", agent.certificates.bundle, mode: 0o600)
    let shell = try Terminal(["/bin/sh"], environment: agent.environment, directory: agent.folder.path)

    try shell.type("jams-register -I agentcert.pem -q; echo import=$?\n")
    try await shell.expect("assword")
    try await shell.expect(":")
    try shell.type(SchedulerCertificates.password + "\n")
    let imported = try await shell.expect("import=0")
    #expect(!imported.contains(SchedulerCertificates.password), "the password is not echoed")

    try shell.type("jams-register -L -t \(try agent.certificates.listenerThumbprintSHA1) -d none; echo listener=$?\n")
    try await shell.expect("listener=0")
    // Not in the documentation: every test's agent needs its own port.
    try shell.type("jams-register -L -b 127.0.0.1 -p \(agent.port); echo port=$?\n")
    try await shell.expect("port=0")

    try shell.type("jams-agentd \u{2013}F; echo agentd=$?\n")
    try await shell.expect(Installation.readyMark)
    #expect(try await agent.request("GET", "agent").status == 200)

    try shell.type("\u{3}")
    try await shell.expect("agentd=0")
  }

  @Test func wrongPasswordImportsNothing() async throws {
    let agent = try await Installation()
    try agent.folder.write("agentcert.pem", agent.certificates.bundle, mode: 0o600)
    let shell = try Terminal(["/bin/sh"], environment: agent.environment, directory: agent.folder.path)

    try shell.type("jams-register -I agentcert.pem -q; echo import=$?\n")
    try await shell.expect("assword")
    try await shell.expect(":")
    try shell.type("not \(SchedulerCertificates.password)\n")
    let refused = try await shell.expect("import=")
    #expect(refused.contains("agentcert.pem: "))

    try shell.type("jams-register -l; echo list=$?\n")
    #expect(try await !shell.expect("list=0").contains("AGENT01"))
  }
}
