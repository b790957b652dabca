import Testing
import Wording

@testable import AgentRegistration

/// Names in certificates and files come from strangers: when printed, they do not affect the terminal or a shell.
struct PrintableTests {
  @Test(arguments: [
    ("CN=Zürich 東京", "CN=Zürich 東京"),
    ("\u{1B}[2Jgone", "\\u{1b}[2Jgone"),
    ("a\nroot          CN=forged", "a\\u{a}root          CN=forged"),
    ("right\u{202E}tfel", "right\\u{202e}tfel"),
    ("c1\u{9B}31m", "c1\\u{9b}31m"),
    ("line\u{2028}separator", "line\\u{2028}separator"),
  ])
  func nothingInvisibleIsPrinted(text: String, printed: String) {
    #expect(printable(text) == printed)
    #expect(Report(lines: [text]).output == Array("\(printed)\n".utf8))
  }

  @Test(arguments: [
    ("/etc/agentd/agentd.toml", "/etc/agentd/agentd.toml"), ("my file", "'my file'"), ("it's", "'it'\\''s'"),
    ("", "''"), ("$(reboot)", "'$(reboot)'"), ("a;b", "'a;b'"), ("~", "'~'"),
  ])
  func aWordOfACommandToCopyIsOneWord(text: String, word: String) {
    #expect(shellWord(text) == word)
  }
}
