import AgentProtocol
import FoundationEssentials
import Testing

/// Goal: `stderr` of a request is one of two words, and `leave_processes` is true or false; their defaults are not encoded, for agents that
/// do not know them.
struct ErrorsGoWhereTheRequestSays {
  private func request(_ fields: String) throws -> JobRequest {
    try JSONDecoder().decode(JobRequest.self, from: Data(#"{"command": ["/bin/true"]\#(fields)}"#.utf8))
  }

  @Test func oneOfTwoWords() throws {
    #expect(try request("").stderr == nil)
    #expect(try request(#", "stderr": "merged""#) == request(""))
    let apart = try request(#", "stderr": "separate""#)
    #expect(apart.stderr == .separate)
    #expect(try JSONDecoder().decode(JobRequest.self, from: JSONEncoder().encode(apart)) == apart)
    let plain = String(decoding: try JSONEncoder().encode(JobRequest(command: ["/bin/true"])), as: UTF8.self)
    #expect(!plain.contains("stderr") && !plain.contains("leave"))
  }

  @Test func processesMayBeLeft() throws {
    for same in ["", #", "leave_processes": false"#, #", "leave_processes": null"#] {
      #expect(try request(same).leaveProcesses == nil && request(same).digest == request("").digest)
    }
    let leaving = try request(#", "leave_processes": true"#)
    #expect(leaving.leaveProcesses == true)
    #expect(try JSONDecoder().decode(JobRequest.self, from: JSONEncoder().encode(leaving)) == leaving)
    for wrong in ["1", #""true""#, "[]"] {
      #expect(throws: DecodingError.self) { try request(", \"leave_processes\": \(wrong)") }
    }
  }

  @Test(arguments: [#""apart""#, #""""#, "true", "2"])
  func nothingElse(_ value: String) throws {
    let error = try #require(throws: DecodingError.self) { try request(", \"stderr\": \(value)") }
    #expect(error.explanation.hasPrefix("stderr: "), "\(error.explanation)")
  }
}
