// Goal: a command that the documentation prints on two lines is one command, typed or pasted or piped, and a complete command does not wait
// for another line.
import CommandGrammar
import RegistrationCommands
import Testing

@Suite struct LinesBelongTogether {
  @Test func piped() {
    let lines = ["# remark", "ADD EXECUTOR CONNECTOR /USECERT", "  /AGENTNAME=A", "", "LIST EXEC CONFIG"]
    let commands = ["ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A", "LIST EXEC CONFIG"]
    #expect(Self.commands(lines) == commands)
    #expect(Self.commands(lines + ["exit ", "CREATE ROOT CA"]) == commands)
    #expect(Self.commands(["CREATE ROOT CA", "/STOREKEY"]) == ["CREATE ROOT CA /STOREKEY"])
    #expect(Self.commands([]) == [])
  }

  private static func commands(_ lines: [String]) -> [String] {
    var lines = lines[...]
    return Array(CommandLines { lines.popFirst() })
  }

  private static func reader() -> CommandReader {
    CommandReader { command throws(GrammarError) in try SchedulerCommand.of(command.words).syntax.check(command) }
  }

  @Test func typed() {
    var reader = Self.reader()
    #expect(
      reader.take("CREATE AGENT LISTENER CERT /NOSTORECERT")
        == .incomplete(.missing(["AGENTNAME", "FILENAME"], of: "CREATE AGENT LISTENER CERT")))
    #expect(reader.isWaiting)
    #expect(reader.take("/FILENAME=f") == .incomplete(.missing(["AGENTNAME"], of: "CREATE AGENT LISTENER CERT")))
    #expect(reader.take("/AGENTNAME=A") == .command("CREATE AGENT LISTENER CERT /NOSTORECERT /FILENAME=f /AGENTNAME=A"))
    #expect(!reader.isWaiting)
    #expect(reader.take("list exec config") == .command("list exec config"))
    #expect(reader.take("  ") == .nothing)
  }

  @Test func tooLate() {
    var reader = Self.reader()
    #expect(reader.take("/JSON") == .late("/JSON", whole: nil))
    _ = reader.take("LIST CERT")
    #expect(reader.take(" /JSON ") == .late("/JSON", whole: "LIST CERT /JSON"))
    #expect(reader.take("/EXPIRES=1d") == .late("/EXPIRES=1d", whole: "LIST CERT /JSON /EXPIRES=1d"))
    // In a file, it ends the run: nothing knows how the command before went.
    #expect(Self.commands(["LIST CERT", "", "/JSON"]) == ["LIST CERT", "/JSON"])
  }

  @Test func givenUp() {
    var reader = Self.reader()
    _ = reader.take("CREATE ROOT CA")
    #expect(reader.take("") == .command("CREATE ROOT CA"))
    #expect(!reader.isWaiting)
  }
}
