// The promise: the output in a document matches a program's output only if they are equal except for values that differ between runs; a
// thumbprint printed twice in the document must be the same one.
import Testing

@Suite struct PrintedTextIsCompared {
  static let rows: [(printed: [String], shown: [String], fits: Bool)] = [
    (["New certificate"], ["New certificate"], true),
    (["New certificate"], ["New certificates"], false),
    (["New certificate"], ["New certificate", "and more"], false),
    (["New certificate", "..."], ["New certificate", "and", "more"], true),
    (["New certificate", "..."], ["New certificate"], true),
    (["...", "last"], ["first", "last", "more"], false),
    (["2 succeeded, 0 did not"], ["3 succeeded, 0 did not"], false),
    (["valid to 2026-11-24"], ["valid to 2031-01-02"], true),
    (["valid to 2026-11-24"], ["valid to tomorrow"], false),
    (["created 2026-11-24T19:55:30.000Z  not used"], ["created 2031-01-02T03:04:05.678Z  not used"], true),
    (["agentd 0.1.0 on 192.0.2.7"], ["agentd 0.2.13 on 192.0.2.7"], true),
    (["agentd 0.1.0 on 192.0.2.7"], ["agentd 0.1.0 on 192.0.2.8"], false),
    (["a (b) [c] *.d"], ["a (b) [c] *.d"], true),
    (["a (b) [c] *.d"], ["a b c x.d"], false),
    (["id    x"], ["id  x"], true),
    (["{... \"state\":\"ended\", ...}"], ["{\"id\":1,\"state\":\"ended\",\"user\":null}"], true),
    (["SHA-256  aedd10c4..."], ["SHA-256  " + String(repeating: "0a", count: 32)], true),
    (["SHA-256  aedd10c4..."], ["SHA-256  none"], false),
    (["aedd10c4...", "aedd10c4..."], ["0123456789abcdef00", "0123456789abcdef00"], true),
    (["aedd10c4...", "aedd10c4..."], ["0123456789abcdef00", "f123456789abcdef00"], false),
  ]

  @Test(arguments: rows) func compared(_ row: (printed: [String], shown: [String], fits: Bool)) throws {
    var text = PrintedText()
    #expect(try text.take(row.shown, for: row.printed) == row.fits)
  }

  @Test func commandsHaveTheValuesOfThisRun() throws {
    var text = PrintedText()
    #expect(
      try text.take(
        ["97A0B1C2D3E4F5061728", "code ABCDE-FGHJK-MNPQR-STVWX.00112233445566778899aabbccddeeff"],
        for: ["97026183...", "code 3VD6K-YNQH5-V0H3W-HC0C8.0c59cdf96c78904b6c06af1722746251"]))
    #expect(try text.command("register -t 97026183 -d none") == "register -t 97a0b1c2 -d none")
    #expect(try text.command("curl -u agent:3VD6K-YNQH5-V0H3W-HC0C8") == "curl -u agent:ABCDE-FGHJK-MNPQR-STVWX")
    #expect(text.lastCode == "ABCDE-FGHJK-MNPQR-STVWX.00112233445566778899aabbccddeeff")
    #expect(throws: HarnessError.self) { try text.command("register -t 5D0C72E1 -d none") }
  }
}
