// Goal: every command of the scheduler's documentation is parsed as printed, including quotes, line breaks and case; and as a shell passes
// it.
import CommandGrammar
import RegistrationCommands
import Testing

@Suite struct CommandsAreTakenApart {
  typealias Switch = ParsedCommand.Switch

  static let article: [(text: String, words: String, switches: [Switch])] = [
    ("CREATE ROOT CA /STOREKEY /MAKEDEFAULT", "CREATE ROOT CA", [.init("STOREKEY"), .init("MAKEDEFAULT")]),
    (
      "create exec Connector cert /storecert /MakeDefault", "CREATE EXEC CONNECTOR CERT",
      [.init("STORECERT"), .init("MAKEDEFAULT")]
    ),
    (
      "CREATE AGENT LISTENER CERT /NOSTORECERT /FILENAME=agentcert.pem /PROMPT \n    /AGENTNAME=AGENT01 /PEM /CHAIN",
      "CREATE AGENT LISTENER CERT",
      [
        .init("NOSTORECERT"), .init("FILENAME", "agentcert.pem"), .init("PROMPT"), .init("AGENTNAME", "AGENT01"),
        .init("PEM"), .init("CHAIN"),
      ]
    ),
    (
      "ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=AGENT01\n    /SERVER=\"JAMS 1\" /NOALLOWNONE /NOALLOWSSPI /PLATFORM=\"Linux\"    ",
      "ADD EXECUTOR CONNECTOR",
      [
        .init("USECERT"), .init("AGENTNAME", "AGENT01"), .init("SERVER", "JAMS 1"), .init("NOALLOWNONE"),
        .init("NOALLOWSSPI"), .init("PLATFORM", "Linux"),
      ]
    ),
    ("LIST EXEC CONFIG", "LIST EXEC CONFIG", []),
    (
      "IMPORT ROOT CA /FILENAME=root.pfx /PROMPT /MAKEDEFAULT /STOREKEY", "IMPORT ROOT CA",
      [.init("FILENAME", "root.pfx"), .init("PROMPT"), .init("MAKEDEFAULT"), .init("STOREKEY")]
    ),
  ]

  @Test(arguments: article)
  func asPrinted(_ row: (text: String, words: String, switches: [Switch])) throws {
    let expected = ParsedCommand(words: row.words.split(separator: " ").map(String.init), switches: row.switches)
    #expect(try ParsedCommand(row.text) == expected)
  }

  @Test(arguments: [
    ("/A=\"two words\"", "two words"), ("/A=\u{201c}two words\u{201d}", "two words"),
    ("/A=\u{201d}two words\u{201d}", "two words"), ("/A='two words'", "two words"), ("/A=\u{2018}x\u{2019}", "x"),
    ("/A=/tmp/a/b.pem", "/tmp/a/b.pem"), ("/A=\"\"", ""), ("/A=", ""), ("/A=b=c", "b=c"),
  ])
  func values(_ text: String, _ value: String) throws {
    #expect(try ParsedCommand("X \(text)").switches == [.init("A", value)])
  }

  @Test(arguments: [
    (["CREATE", "ROOT", "CA", "/STOREKEY"], ["CREATE", "ROOT", "CA"], [Switch("STOREKEY")]),
    (
      ["CREATE ROOT CA", "/STOREKEY/MAKEDEFAULT"], ["CREATE", "ROOT", "CA"], [Switch("STOREKEY"), .init("MAKEDEFAULT")]
    ),
    (["X", "/NAME=My own CA"], ["X"], [Switch("NAME", "My own CA")]),
    (["X", "/USER=\u{201d}bob\u{201d}"], ["X"], [Switch("USER", "bob")]),
    (["X", "/FILENAME=/a b/c.pem"], ["X"], [Switch("FILENAME", "/a b/c.pem")]),
  ])
  func fromAShell(_ arguments: [String], _ words: [String], _ switches: [Switch]) throws {
    #expect(try ParsedCommand(arguments: arguments) == ParsedCommand(words: words, switches: switches))
  }

  @Test(arguments: [
    ("X /A /a", GrammarError.repeated("A")), ("X /A \"", .openQuote("")), ("X /A=\"open", .openQuote("open")),
    ("X /A=two words", .strayWord("words", after: "A")), ("X /", .noSwitchName("")), ("X /A-B", .noSwitchName("A-B")),
    ("X /AGENTNAME=<Enter the name of the Agent>", .placeholder("AGENTNAME", "<Enter the name of the Agent>")),
    ("X /SERVER=\"<Enter the name>\"", .placeholder("SERVER", "<Enter the name>")),
    ("X " + String(repeating: "/", count: 70_000), .tooLong(limit: 65536)),
  ])
  func whatIsNone(_ text: String, _ error: GrammarError) {
    #expect(throws: error) { try ParsedCommand(text) }
  }
}
