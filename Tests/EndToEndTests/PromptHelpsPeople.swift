// Goal: at the prompt of scheduler-register, Tab completes what fits, Ctrl-C cancels a line and nothing else, and a switch that comes too late
// is answered with the command that has it.
import SystemCalls
import TestSupport
import Testing

@Suite struct PromptHelpsPeople {
  private func prompt(_ folder: TemporaryFolder) async throws -> Terminal {
    let terminal = try Terminal(
      [try BuiltProduct.path("scheduler-register"), "-H", folder.path("home")],
      environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path, "TERM": "dumb"], directory: folder.path)
    try await terminal.expect("scheduler> ")
    return terminal
  }

  @Test func tabCompletesWhatFits() async throws {
    let folder = try TemporaryFolder()
    let prompt = try await prompt(folder)
    try prompt.type("cre\t")
    try await prompt.expect("CREATE ")
    try prompt.type("ro\t")
    try await prompt.expect("ROOT ")
    try prompt.type("ca /sto\t")
    try await prompt.expect("/STOREKEY ")
    try prompt.type("/na\t")
    // No blank after it: the value follows.
    try await prompt.expect("/NAME=")
    try prompt.type("Mine /make\t\n")
    try await prompt.expect("New self-signed certificate")
    try await prompt.expect("subject     CN=Mine")
    try await prompt.expect("now the default")
    try folder.write("names", "web1\n", mode: 0o600)
    try await prompt.expect("scheduler> ")
    try prompt.type("CREATE ENROLMENT CODE /FILENAME=nam\t\n")
    try await prompt.expect("web1  ")
    // On the second line of a command, what fits the first.
    try prompt.type("ADD EXECUTOR CONNECTOR /USECERT\n")
    try await prompt.expect("         > ")
    try prompt.type("/plat\t")
    try await prompt.expect("/PLATFORM=")
    try prompt.type("l\t")
    try await prompt.expect("Linux ")
  }

  @Test func controlCCancelsALine() async throws {
    let folder = try TemporaryFolder()
    let prompt = try await prompt(folder)
    try prompt.type("CREATE ROOT CA /STOREKEY /MAKEDEFAULT /NAME=Wrong")
    try await prompt.expect("Wrong")
    try prompt.type("\u{3}")
    try await prompt.expect("^C\r\nscheduler> ")
    // Also a command of several lines, all of it.
    try prompt.type("CREATE ROOT CA /MAKEDEFAULT\n")
    try await prompt.expect("needs /STOREKEY: continue on the next line, or cancel with Ctrl-C")
    try await prompt.expect("> ")
    try prompt.type("/NAME=x\u{3}")
    try await prompt.expect("^C\r\nscheduler> ")
    try prompt.type("LIST ROOT CA\n")
    try await prompt.expect("no root CA yet")
    try prompt.type("CREATE ROOT CA /STOREKEY /MAKEDEFAULT\n")
    try await prompt.expect("now the default")
    // At the question for a password, the command.
    try prompt.type("EXPORT ROOT CA /FILENAME=root.pfx /PROMPT\n")
    try await prompt.expect("Private key password: ")
    try prompt.type("\u{3}")
    try await prompt.expect("scheduler> ")
    try prompt.type("LIST EXEC CONFIG\n")
    try await prompt.expect("Default Root CA Thumbprint: ")
    #expect(try Folder.names(in: folder.path) == ["home"])
    // While a command runs, the program, as everywhere.
    try prompt.type("SERVE ENROLMENT /BIND=127.0.0.1 /PORT=\(try FreePort.next())\n")
    try await prompt.expect("enrolment is served")
    try prompt.type("\u{3}")
    try await prompt.expect("enrolment stops")
    try await prompt.expect("scheduler> ")
    try prompt.type("\u{4}")
  }

  @Test func aSwitchThatIsTooLateIsAnswered() async throws {
    let folder = try TemporaryFolder()
    let prompt = try await prompt(folder)
    try prompt.type("CREATE ROOT CA /STOREKEY\n")
    try await prompt.expect("scheduler> ")
    try prompt.type("/MAKEDEFAULT\n")
    try await prompt.expect(
      "/MAKEDEFAULT: too late, the command before has already run; all of it in one line would be: CREATE ROOT CA /STOREKEY /MAKEDEFAULT"
    )
    try prompt.type("LIST ROOT CA\n")
    try await prompt.expect("CN=JAMS Local Self-Signed Root CA ")
    try prompt.type("\u{4}")
  }
}
