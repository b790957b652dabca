// Goal: a command that the documentation prints over two lines is one command, typed or pasted or piped, and a command that is
// complete does not wait for another line.
import RegistrationCommands
import Testing

@Suite struct LinesBelongTogether {
  @Test func piped() {
    var reader = CommandReader()
    let lines = ["# remark", "ADD EXECUTOR CONNECTOR /USECERT", "  /AGENTNAME=A", "LIST EXEC CONFIG", ""]
    var commands: [String] = []
    for (index, line) in lines.enumerated() {
      let next = index + 1 < lines.count ? lines[index + 1] : ""
      if case .command(let text) = reader.take(line, next: next) { commands.append(text) }
    }
    #expect(commands == ["ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A", "LIST EXEC CONFIG"])
  }

  @Test func typed() {
    var reader = CommandReader()
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

  @Test func givenUp() {
    var reader = CommandReader()
    _ = reader.take("CREATE ROOT CA")
    #expect(reader.take("") == .command("CREATE ROOT CA"))
    #expect(!reader.isWaiting)
  }
}
