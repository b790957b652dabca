import AgentProtocol
import Testing

@testable import Listener

/// Bodies of PUT: read within limits, accepted as JSON only.
struct Bodies {
  static let job = #"{"command":["/bin/true"]}"#

  static func put(_ body: String, _ fields: String = "") -> String {
    "PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  /// The default content type of curl -d.
  @Test func curlsOwnContentTypeIsTakenForJSON() throws {
    let fields = "Content-Type: application/x-www-form-urlencoded\r\n"
    let answer = try Conversation(RequestTable.supervisor()).exchange(Self.put(Self.job, fields))
    #expect(answer.status == 201)
    #expect(try Conversation().exchange(Self.put("command=true", fields)).status == 400)
  }

  @Test func aNewJobIsCreated() throws {
    let conversation = try Conversation(RequestTable.supervisor())
    let answer = conversation.exchange(Self.put(Self.job, "Content-Type: application/json; charset=utf-8\r\n"))
    #expect(answer.status == 201)
    #expect(answer.fields["location"] == "/v1/jobs/j1")
    #expect(answer.fields["content-type"] == "application/json")
    #expect(answer.body.hasSuffix("}\n"))
    let id = try JSONValue.id("j1")
    #expect(conversation.supervisor.commands == [.submitJob(id, JobRequest(command: ["/bin/true"]))])
    #expect(conversation.isOpen)
  }

  @Test func chunksAreABody() throws {
    let conversation = try Conversation(RequestTable.supervisor())
    let answer = conversation.exchange(
      "PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
        + "5\r\n{\"com\r\n14;x=y\r\nmand\":[\"/bin/true\"]}\r\n0\r\nTrailer: x\r\n\r\n")
    #expect(answer.status == 201)
    #expect(conversation.isOpen)
  }

  @Test(arguments: [
    ("", "the body is not valid JSON"),
    ("{", "the body is not valid JSON"),
    ("[]", "expected"),
    ("{}", #"the key \"command\" is missing"#),
    (#"{"command":"/bin/true"}"#, "command: expected an array"),
    (#"{"command":[]}"#, "command: must name at least the program"),
    (#"{"command":["/bin/true"],"comand":1}"#, #"did you mean \"command\"?"#),
    (#"{"command":["/bin/true"],"timeout":-1}"#, "timeout: more than 0"),
    (#"{"command":["/bin/\u0000true"]}"#, "NUL"),
    (#"{"script":"x","command":["/bin/true"]}"#, "script: cannot be combined with command"),
    (#"{"script":""}"#, "script: must not be empty"),
    (#"{"script":"a\u0000b"}"#, "script: must not be empty or contain a NUL"),
    (##"{"script":"#!"}"##, "script: its first line must name the interpreter by its absolute path"),
    (##"{"script":"#!perl\nx"}"##, "script: its first line must name the interpreter by its absolute path"),
    (#"{"script":"x","interpreter":"perl"}"#, "interpreter: the absolute path"),
    (#"{"command":["/bin/true"],"interpreter":"/bin/sh"}"#, "interpreter: needs a script"),
    (#"{"script":""# + String(repeating: "x", count: 786_433) + #""}"#, "script: at most 786432 bytes"),
    (#"{"command":["/bin/true"],"stdin":""# + String(repeating: "x", count: 786_433) + #""}"#, "stdin: at most 786432"),
    (#"{"command":["/bin/true"],"umask":"1777"}"#, "umask: three octal digits"),
    (#"{"command":["/bin/true"],"umask":"9"}"#, "umask: three octal digits"),
    (#"{"command":["/bin/true"],"login":"yes"}"#, "login: expected true or false"),
    (#"{"command":["/bin/true"],"limits":{}}"#, "limits: needs at least one of cpu, memory, tasks"),
    (#"{"command":["/bin/true"],"limits":{"ram":1}}"#, "limits: unknown key"),
    (#"{"command":["/bin/true"],"limits":{"memory":1048575}}"#, "limits.memory: 1 MiB to 1 EiB"),
    (#"{"command":["/bin/true"],"limits":{"cpu":0}}"#, "limits.cpu: 0.01 to 10,000"),
    (#"{"command":["/bin/true"],"limits":{"tasks":4194305}}"#, "limits.tasks: 1 to"),
    (#"{"command":["/bin/true"],"limits":{"tasks":"1"}}"#, "limits.tasks: expected a whole number"),
    (#"{"command":["/bin/true"],"user":"a","user":"b"}"#, #"the key \"user\" is given twice"#),
    (#"{"command":["/bin/true"],"user":"a","us\u0065r":"a"}"#, #"the key \"user\" is given twice"#),
    (#"{"command":["/bin/true"],"command":["/bin/true"]}"#, #"the key \"command\" is given twice"#),
    (#"{"command":["/bin/true"],"environment":{"A":"","\u0041":""}}"#, #"environment: the key \"A\" is given twice"#),
    (#"{"command":["/bin/true"],"labels":{"\ud83d\ude00":"","😀":""}}"#, "labels: the key"),
    ("{\"command\":[\"/bin/true\"],\"labels\":{\"\u{e9}\":\"\",\"e\u{301}\":\"\"}}", "labels: the key"),
    (
      #"{"command":["/bin/true"],"limits":{"cpu":1,"memory":2097152,"cpu":1}}"#,
      #"limits: the key \"cpu\" is given twice"#
    ),
    (#"{"command":["/bin/true"],"x":[{"y":{"a":1,"a":2}}]}"#, #"x.y: the key \"a\" is given twice"#),
    // Half of a surrogate pair is no character.
    (#"{"command":["/bin/true","\ud800"]}"#, "the body is not valid JSON"),
    (#"{"command":["/bin/true","\udc00\ud800"]}"#, "the body is not valid JSON"),
    (#"{"command":["/bin/true"],"labels":{"\ud800":""}}"#, "the body is not valid JSON"),
    (##"{"script":"ÿþ#\u0000!\u0000"}"##, "script: it is text in UTF-16; save the script as UTF-8"),
    (##"{"script":"#\u0000!\u0000/\u0000"}"##, "script: it is text in UTF-16"),
    (String(repeating: "[", count: 100_000), "the body is not valid JSON"),
    (#"{"labels":"# + String(repeating: #"{"a":"#, count: 10_000), "the body is not valid JSON"),
  ])
  func whatIsNoJobIsExplained(_ body: String, _ explanation: String) throws {
    let conversation = try Conversation()
    let answer = conversation.exchange(Self.put(body))
    #expect(answer.status == 400)
    #expect(answer.body.contains(explanation), "\(answer.body)")
    #expect(conversation.supervisor.commands.isEmpty)
    #expect(conversation.isOpen)
  }

  /// Whatever the decoder would make of it: a wrong byte, an overlong form of a slash, other encodings with and without a mark.
  @Test(arguments: foreignBytes.map(jobWith) + foreignEncodings) func aBodyThatIsNotUTF8(_ body: [UInt8]) throws {
    let conversation = try Conversation()
    conversation.send("PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
    conversation.send(bytes: body)
    let answer = Answer(conversation.received())
    #expect(answer.status == 400 && answer.body.contains("the body is not UTF-8"), "\(answer.body)")
    #expect(conversation.supervisor.commands.isEmpty)
  }

  private static let foreignBytes: [[UInt8]] = [[0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe9]]

  private static func jobWith(_ bytes: [UInt8]) -> [UInt8] {
    let (begin, end) = (Array(#"{"command":["/bin/"#.utf8), Array(#"true"]}"#.utf8))
    return begin + bytes + end
  }

  private static var foreignEncodings: [[UInt8]] {
    let ascii = Array(job.utf8)
    let little: [UInt8] = ascii.flatMap { [$0, 0] as [UInt8] }
    let big: [UInt8] = ascii.flatMap { [0, $0] as [UInt8] }
    let wide: [UInt8] = ascii.flatMap { [$0, 0, 0, 0] as [UInt8] }
    return [little, [0xff, 0xfe] + little, big, [0xfe, 0xff] + big, wide]
  }

  /// The same key in different objects, and in an array of them, is not a repetition; nor is a value.
  @Test(arguments: [
    #"{"command":["a","a"],"environment":{"user":"a"},"labels":{"user":"user","User":"user"},"user":"user"}"#,
    #"{"command":["/bin/true"],"labels":{"a\"b":"","a":"\\","b":""}}"#,
  ])
  func keysOfDifferentObjectsMayBeTheSame(_ body: String) throws {
    #expect(try Conversation(RequestTable.supervisor()).exchange(Self.put(body)).status == 201)
  }

  @Test(arguments: [
    "text/plain", "application/jsonp", "", "multipart/form-data; boundary=x",
  ])
  func anotherContentType(_ type: String) throws {
    let answer = try Conversation().exchange(Self.put(Self.job, "Content-Type: \(type)\r\n"))
    #expect(answer.status == 415)
  }

  @Test func aContentEncoding() throws {
    #expect(try Conversation().exchange(Self.put(Self.job, "Content-Encoding: gzip\r\n")).status == 415)
  }

  @Test func aMebibyteIsRead() throws {
    let padding = String(repeating: " ", count: (1 << 20) - Self.job.utf8.count)
    #expect(try Conversation(RequestTable.supervisor()).exchange(Self.put(Self.job + padding)).status == 201)
  }

  @Test func oneByteMoreIsRefusedBeforeItComes() throws {
    let conversation = try Conversation()
    let answer = conversation.exchange(
      "PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n")
    #expect(answer.status == 413)
    #expect(answer.fields["connection"] == "close")
    #expect(conversation.isOpen, "so that the client reads the answer before its writes fail")
    conversation.send(String(repeating: "x", count: 1_048_577))
    #expect(!conversation.isOpen)
    #expect(conversation.received() == "")
  }

  @Test func tooManyChunksAreRefused() throws {
    let conversation = try Conversation()
    conversation.send("PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    let chunk = "10000\r\n\(String(repeating: "x", count: 65536))\r\n"
    for _ in 0..<16 { conversation.send(chunk) }
    #expect(conversation.received() == "")
    conversation.send(chunk)
    #expect(Answer(conversation.received()).status == 413)
    conversation.loop.advanceTime(by: .seconds(3))
    #expect(!conversation.isOpen)
  }

  @Test func continueIsSaidOnlyToWhatWouldBeTaken() throws {
    let conversation = try Conversation(RequestTable.supervisor())
    let head = "PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 25\r\n\r\n"
    conversation.send(head)
    #expect(conversation.received() == "HTTP/1.1 100 Continue\r\n\r\n")
    conversation.send(Self.job)
    #expect(Answer(conversation.received()).status == 201)
    conversation.send(head.replacing("jobs", with: "jab"))
    let refused = Answer(conversation.received())
    #expect(refused.status == 404)
    #expect(refused.fields["connection"] == "close")
  }

  @Test func aBodyThatDoesNotCome() throws {
    let conversation = try Conversation()
    conversation.send("PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nContent-Length: 25\r\n\r\n{")
    conversation.loop.advanceTime(by: .seconds(59))
    conversation.send("\"")
    #expect(conversation.isOpen)
    conversation.loop.advanceTime(by: .seconds(2))
    #expect(!conversation.isOpen, "the body has a minute in all, however it trickles")
  }
}
