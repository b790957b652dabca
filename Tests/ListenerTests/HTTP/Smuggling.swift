import Testing

@testable import Listener

/// Ambiguous heads, and heads that are not HTTP, are refused; nothing after them is read as a request.
struct Smuggling {
  private static func put(_ fields: String, _ body: String) -> String {
    "PUT /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)"
  }

  private static func get(_ fields: String) -> String {
    "GET /v1/agent HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n"
  }

  static let cases: [(name: String, request: String, status: Int)] = [
    ("two lengths", put("Content-Length: 2\r\nContent-Length: 3", "{}"), 400),
    ("the same length twice", put("Content-Length: 2\r\nContent-Length: 2", "{}"), 400),
    ("a list of lengths", put("Content-Length: 2, 2", "{}"), 400),
    ("length and chunks", put("Content-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    ("chunks and length", put("Transfer-Encoding: chunked\r\nContent-Length: 2", "0\r\n\r\n"), 400),
    ("another coding", put("Transfer-Encoding: gzip", "0\r\n\r\n"), 400),
    ("a Kelvin sign for a k", put("Transfer-Encoding: chun\u{212A}ed", "0\r\n\r\n"), 400),
    ("a coding before chunked", put("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 400),
    ("chunked twice", put("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    ("identity", put("Transfer-Encoding: identity\r\nContent-Length: 2", "{}"), 400),
    ("chunks in HTTP/1.0", "PUT /v1/jobs/j1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("negative length", put("Content-Length: -1", ""), 400),
    ("signed length", put("Content-Length: +2", "{}"), 400),
    ("hex length", put("Content-Length: 0x2", "{}"), 400),
    ("overflowing length", put("Content-Length: 99999999999999999999", "{}"), 400),
    ("bad chunk size", put("Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n"), 400),
    ("folded field", get("X: a\r\n b"), 400),
    ("space before the colon", get("Content-Length : 2"), 400),
    ("bare line feeds", "GET /v1/agent HTTP/1.1\nHost: a\n\n", 400),
    ("one bare line feed", "GET /v1/agent HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    ("bare carriage return", "GET /v1/agent HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
    ("NUL in a value", get("X: a\u{0}b"), 400),
    ("NUL in a name", get("X\u{0}: a"), 400),
    ("NUL in the target", "GET /v1/agent\u{0} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("empty name", get(": b"), 400),
    ("no colon", get("nonsense"), 400),
    ("no Host", "GET /v1/agent HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", get("Host: b"), 400),
    ("Host with a path", "GET /v1/agent HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("Host with user", "GET /v1/agent HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    ("no version", "GET /v1/agent\r\n\r\n", 400),
    ("HTTP/1.2", "GET /v1/agent HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    ("HTTP/2.0 in the line", "GET /v1/agent HTTP/2.0\r\nHost: a\r\n\r\n", 400),
    ("HTTP/0.9", "GET /v1/agent HTTP/0.9\r\n\r\n", 400),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("unknown method", "FETCH /v1/agent HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("lower-case method", "get /v1/agent HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("CONNECT", "CONNECT agent:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("another expectation", get("Expect: tea"), 400),
    ("TLS inside TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400),
    ("one huge field", get("X: \(String(repeating: "x", count: 17000))"), 431),
    ("a huge target", "GET /v1/agent?\(String(repeating: "x", count: 17000)) HTTP/1.1\r\nHost: a\r\n\r\n", 431),
    (
      "fields of 16 KiB together",
      get((0..<20).map { "X\($0): \(String(repeating: "x", count: 1000))" }.joined(separator: "\r\n")), 431
    ),
    ("101 fields", get(Array(repeating: "X: y", count: 100).joined(separator: "\r\n")), 431),
    ("a body with GET", get("Content-Length: 34\r\n\r\nGET /v1/jobs HTTP/1.1\r\nHost: a"), 400),
    ("a body with DELETE", "DELETE /v1/jobs/j1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 400),
    (
      "chunks with POST",
      "POST /v1/jobs/j1/cancel HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400
    ),
  ]

  @Test(arguments: cases.indices) func isRefused(_ index: Int) throws {
    let (name, request, status) = Self.cases[index]
    let conversation = try Conversation(RequestTable.supervisor())
    conversation.send(request)
    conversation.send("GET /v1/jobs/smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    let text = conversation.received()
    let answer = Answer(text)
    #expect(answer.status == status, "\(name): \(text)")
    let smuggled = conversation.supervisor.commands.filter { $0 != .showJob(RequestTable.id("smuggled"), wait: 0) }
    #expect(smuggled.isEmpty, "\(name)")
    if answer.fields["connection"] == "close" {
      #expect(text.components(of: "\r\nDate: ") == 1, "\(name): one answer, not more: \(text.debugDescription)")
      #expect(conversation.supervisor.commands.isEmpty, "\(name)")
    }
  }

  /// An error in the framing must end the connection; other errors need not.
  @Test(arguments: [
    "two lengths", "length and chunks", "bare line feeds", "bad chunk size", "folded field", "NUL in a value",
    "a body with GET",
  ])
  func endsTheConnection(_ name: String) throws {
    let request = try #require(Self.cases.first { $0.name == name }).request
    let conversation = try Conversation()
    let answer = conversation.exchange(request)
    #expect(answer.fields["connection"] == "close")
    conversation.loop.advanceTime(by: .seconds(3))
    #expect(!conversation.isOpen)
  }

  /// A valid request gives the same answer wherever it is split in two.
  @Test func pieces() throws {
    let request = Array(Bodies.put(Bodies.job).utf8)
    for cut in 1..<request.count {
      let conversation = try Conversation(RequestTable.supervisor())
      conversation.send(bytes: Array(request[..<cut]))
      conversation.send(bytes: Array(request[cut...]))
      #expect(Answer(conversation.received()).status == 201, "cut at \(cut)")
    }
  }
}

extension String {
  func components(of text: String) -> Int { ranges(of: text).count }
}
