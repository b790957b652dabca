import Glibc
import Logging
import SystemCalls
import Testing

@testable import AgentLogging

/// One event is one line, whatever it contains.
struct LogLineTests {
  private func line(_ message: String, _ fields: Logger.Metadata = [:], limit: Int = 8192) -> String {
    let bytes = LogLine(level: .warning, message: message, fields: fields).bytes(.journal, limit: limit)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [
    ("plain", "v=plain"),
    ("", "v=\"\""),
    ("two words", "v=\"two words\""),
    ("a=b", "v=\"a=b\""),
    ("say \"x\"", "v=\"say \\\"x\\\"\""),
    ("back\\slash", "v=\"back\\\\slash\""),
    ("x\n2026-01-01T00:00:00.000Z info forged", "v=\"x\\n2026-01-01T00:00:00.000Z info forged\""),
    ("x\r\n<2>forged", "v=\"x\\r\\n<2>forged\""),
    ("\u{1B}[2J", "v=\"\\u{1B}[2J\""),
    ("nul\0", "v=\"nul\\u{0}\""),
    ("c1\u{9B}31m", "v=\"c1\\u{9B}31m\""),
    ("line\u{2028}separator", "v=\"line\\u{2028}separator\""),
    ("right\u{202E}tfel", "v=\"right\\u{202E}tfel\""),
    ("Zürich-東京", "v=Zürich-東京"),
  ])
  func aValueIsQuotedSoThatItStaysOneValue(value: String, expected: String) {
    #expect(line("m", ["v": "\(value)"]) == "<4>m \(expected)\n")
  }

  @Test func aMessageCannotBeginASecondLine() {
    #expect(line("refused CN=x\n<2>forged") == "<4>refused CN=x\\n<2>forged\n")
  }

  @Test func keysComeInAlphabeticalOrder() {
    #expect(line("m", ["b": "2", "a": "1", "c": "3"]) == "<4>m a=1 b=2 c=3\n")
  }

  @Test(arguments: 40...48)
  func aLongLineIsCutBetweenCharacters(limit: Int) {
    let bytes = LogLine(level: .info, message: String(repeating: "é", count: 100), fields: [:])
      .bytes(.journal, limit: limit)
    let text = String(validating: bytes, as: UTF8.self)
    #expect(bytes.count <= limit)
    #expect(text?.hasSuffix("...\n") == true)
  }

  @Test func aTimedLineBeginsWithTimeAndLevel() throws {
    let bytes = LogLine(level: .error, message: "m", fields: [:]).bytes(.timed, limit: 100)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(try #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z error m\n/#.wholeMatch(in: text) != nil)
  }

  @Test func theJournalIsRecognisedByItsFile() throws {
    let (reading, writing) = try FileDescriptor.socketPair()
    let status = try writing.status()
    let stream = "\(status.st_dev):\(status.st_ino)"
    #expect(LineStyle(journalStream: stream, descriptor: writing.raw) == .journal)
    #expect(LineStyle(journalStream: stream, descriptor: reading.raw) == .timed)
    #expect(LineStyle(journalStream: "", descriptor: writing.raw) == .timed)
  }

  @Test func aHandlerWritesItsOwnMetadataAndTheEvents() throws {
    let (reading, writing) = try FileDescriptor.socketPair()
    var logger = Logger(label: "test") { _ in LineLogHandler(to: writing, style: .journal, level: .info) }
    logger[metadataKey: "role"] = "listener"
    logger.debug("below the level")
    logger.error("over it", metadata: ["peer": "[::1]:5"])
    writing.close()
    let text = String(decoding: try reading.readAll(limit: 1000), as: UTF8.self)
    #expect(text == "<3>over it peer=[::1]:5 role=listener\n")
  }
}
