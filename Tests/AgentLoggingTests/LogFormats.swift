// Goal: programs can parse the log, whatever it contains and however long its lines are.
import FoundationEssentials
import Glibc
import Logging
import Testing

@testable import AgentLogging

struct LogFormats {
  private let line = LogLine(
    level: .notice, message: "connection refused",
    fields: ["subject": "CN=\"a\"\n\u{202E}", "peer": "[::1]:5", "level": "x"])

  private func text(_ style: LineStyle, _ format: LogFormat, limit: Int = 8192) -> String {
    String(decoding: line.bytes(style, format, limit: limit), as: UTF8.self)
  }

  @Test func logfmt() {
    let rest = #"level=notice msg="connection refused" level=x peer=[::1]:5 subject="CN=\"a\"\n\u{202E}""#
    #expect(text(.journal, .logfmt) == "<5>\(rest)\n")
    #expect(text(.timed, .logfmt).wholeMatch(of: #/time=20\d\d-\d\d-\d\dT[\d:.]+Z (level=.*)\n/#)?.1 == rest[...])
  }

  @Test func json() throws {
    let rest =
      #""level":"notice","message":"connection refused","level_":"x","peer":"[::1]:5","subject":"CN=\"a\"\u000a\u202e"}"#
    #expect(text(.journal, .json) == "<5>{\(rest)\n")
    let object = try JSONDecoder().decode([String: String].self, from: Data(text(.timed, .json).utf8))
    #expect(object["subject"] == "CN=\"a\"\n\u{202E}" && object["level"] == "notice" && object["time"]?.count == 24)
  }

  @Test func signsBeyondTheFirstPlaneAreTwoEscapes() {
    // U+E0041, a tag: a format character.
    #expect("\u{E0041}".quotedForJSON() == #""\udb40\udc41""#)
    #expect("Zürich 東京 🏻".quotedForJSON() == "\"Zürich 東京 🏻\"")
  }

  @Test func theSystemsLogHasFacilityAndProcess() {
    #expect(text(.syslog, .text).hasPrefix("<85>agentd[\(getpid())]: connection refused level=x "))
    #expect(!text(.syslog, .text).contains("\n"))
  }

  @Test(arguments: [LogFormat.logfmt, .json], [600, 8192])
  func aLongLineStaysWhole(format: LogFormat, limit: Int) throws {
    for sign in ["a", "\u{1}", "é", "\""] {
      let long = LogLine(
        level: .info, message: String(repeating: sign, count: 20_000),
        fields: ["a": "\(String(repeating: sign, count: 9000))", "b": "c"])
      let bytes = long.bytes(.timed, format, limit: limit)
      let text = try #require(String(validating: bytes, as: UTF8.self))
      #expect(
        bytes.count <= limit && text.hasSuffix(format == .json ? "\"b\":\"c\"}\n" : " b=c\n"), "\(text.suffix(30))")
      if format == .json {
        let object = try JSONDecoder().decode([String: String].self, from: Data(bytes))
        #expect(object["message"]?.hasSuffix("...") == true)
      }
    }
  }

  @Test func numbersAreNumbersToPrograms() {
    let counted = LogLine(
      level: .info, message: "7",
      fields: [
        "a": .stringConvertible(-3), "b": .stringConvertible(UInt64.max), "c": .stringConvertible(0.25), "d": "4",
        "e": .stringConvertible(Double.infinity), "f": .stringConvertible(Int32(0)),
      ])
    func text(_ format: LogFormat) -> String {
      String(decoding: counted.bytes(.journal, format, limit: 8192), as: UTF8.self)
    }
    #expect(
      text(.json)
        == #"<6>{"level":"info","message":"7","a":-3,"b":18446744073709551615,"c":0.25,"d":"4","e":"inf","f":0}"# + "\n"
    )
    #expect(text(.logfmt) == "<6>level=info msg=7 a=-3 b=18446744073709551615 c=0.25 d=4 e=inf f=0\n")
  }
}
