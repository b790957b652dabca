import FoundationEssentials
import Testing

@testable import AgentProtocol

/// What a job reads is bytes: as text where JSON keeps it as it is, otherwise in base64.
struct InputIsBytes {
  private static func decoded(_ json: String) throws -> JobRequest {
    try JSONDecoder().decode(JobRequest.self, from: Data(json.utf8))
  }

  private static func request(_ input: [UInt8]?) -> JobRequest {
    var request = JobRequest(command: ["/bin/cat"])
    request.input = input
    return request
  }

  private static let inputs: [(bytes: [UInt8], isText: Bool)] = [
    (Array("a\tb\r\nc".utf8), true), (Array("é e\u{301} \u{7f} \u{1F600}".utf8), true), ([], true),
    ([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe], false), ([0], false), ([0x1b], false), ([0xc3], false),
    ([0xed, 0xa0, 0x80], false),
    (Array(0...255), false),
  ]

  @Test(arguments: inputs) func everyByteComesBack(_ bytes: [UInt8], _ isText: Bool) throws {
    let request = Self.request(bytes)
    #expect((request.stdin != nil) == isText && (request.stdinBase64 != nil) == !isText && request.hasInput)
    let back = try JSONDecoder().decode(JobRequest.self, from: JSONEncoder().encode(request))
    #expect(back == request && back.input == bytes && back.digest == request.digest)
    #expect(Self.request(nil) != request && Self.request(bytes + [0x41]) != request)
  }

  @Test func otherEncodersAreUnderstood() throws {
    let python = #"{"command":["x"],"stdin_base64":"H4sIAP/+"}"#
    #expect(try Self.decoded(python).input == [0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe])
    #expect(try Self.decoded(#"{"command":["x"],"stdin_base64":""}"#).input == [])
    #expect(try Self.decoded(#"{"command":["x"],"stdin_base64":"//79"}"#).input == [0xff, 0xfe, 0xfd])
    #expect(try Self.decoded(#"{"command":["x"],"stdin_base64":null}"#).hasInput == false)
    // A record of an earlier version.
    #expect(try Self.decoded(#"{"command":["x"],"stdin":"a\u0000b"}"#).input == [0x61, 0, 0x62])
  }

  @Test(arguments: [
    (#""stdin_base64":"QQ""#, "base64 in the standard alphabet"), (#""stdin_base64":"QQ==\n""#, "base64"),
    (#""stdin_base64":"Q Q=""#, "base64"), (#""stdin_base64":"_-79""#, "base64"), (#""stdin_base64":"Q===""#, "base64"),
    (#""stdin_base64":"é===""#, "base64"), (#""stdin_base64":1"#, "expected a string"),
    (#""stdin":"a","stdin_base64":"QQ==""#, "cannot be combined with stdin"),
    (#""stdin":"","stdin_base64":"""#, "cannot be combined with stdin"),
    (#""stdin_base64":""# + String(repeating: "QUFB", count: 262_145) + #"""#, "at most 786432 bytes when decoded"),
  ])
  func anythingElseIsRefused(_ members: String, _ explanation: String) {
    do {
      _ = try Self.decoded(#"{"command":["x"],"# + members + "}")
      Issue.record("accepted \(members.prefix(80))")
    } catch let error as DecodingError {
      #expect(
        error.explanation.contains("stdin_base64: ") && error.explanation.contains(explanation), "\(error.explanation)")
    } catch { Issue.record(error) }
  }

  @Test func theLargestIsAccepted() throws {
    let bytes = [UInt8](repeating: 0, count: JobRequest.Limits.inputBytes)
    let json = String(decoding: try JSONEncoder().encode(Self.request(bytes)), as: UTF8.self)
    #expect(try Self.decoded(json).input == bytes)
  }
}
