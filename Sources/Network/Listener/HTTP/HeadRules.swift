import NIOHTTP1
import Wording

/// Rules for the head of every request, whatever it asks for. The parser has already refused what is not HTTP.
enum HeadRules {
  /// The body that the head announces.
  enum AnnouncedBody: Equatable {
    case none
    case bytes(Int)
    case chunked
  }

  static func check(_ head: HTTPRequestHead) throws(RequestRefusal) {
    guard head.version.major == 1 && head.version.minor <= 1 || head.version.major == 2 else {
      throw RequestRefusal(.badRequest, "HTTP/\(head.version.major).\(head.version.minor) is not supported")
    }
    try checkHost(head)
    try checkFraming(head)
    let expectations = head.headers[canonicalForm: "expect"]
    guard expectations.isEmpty || expectations.count == 1 && expectations[0].asciiLowercased.isSame(as: "100-continue")
    else {
      throw RequestRefusal(.badRequest, "the only supported expectation is 100-continue")
    }
  }

  /// Returns whether the client waits for `100 Continue`, which HTTP/1.0 does not have; RFC 9110 section 10.1.1.
  static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
    head.version != .http1_0 && head.headers.contains(name: "expect")
  }

  static func announcedBody(_ head: HTTPRequestHead) -> AnnouncedBody {
    if head.headers.contains(name: "transfer-encoding") { return .chunked }
    guard let length = head.headers.first(name: "content-length"), let count = Int(length) else { return .none }
    return count == 0 ? .none : .bytes(count)
  }

  /// Checks that the body is JSON, which is assumed if there is no Content-Type.
  ///
  /// Accepts the type that `curl -d` always sends as well: no web page can make a browser send a form by PUT.
  static func checkContentType(_ head: HTTPRequestHead) throws(RequestRefusal) {
    for encoding in head.headers[canonicalForm: "content-encoding"]
    where !encoding.asciiLowercased.isSame(as: "identity") {
      throw RequestRefusal(.unsupportedMediaType, "a body cannot have a Content-Encoding")
    }
    for field in head.headers["content-type"] {
      let type = String(decoding: field.utf8.prefix { !"; \t".utf8.contains($0) }, as: UTF8.self).asciiLowercased
      guard ["application/json", "application/x-www-form-urlencoded"].containsSame(as: type) else {
        throw RequestRefusal(.unsupportedMediaType, "the Content-Type must be application/json")
      }
    }
  }

  /// RFC 9112 section 3.2: exactly one Host field, which can be a host.
  private static func checkHost(_ head: HTTPRequestHead) throws(RequestRefusal) {
    var hosts = 0
    for (name, value) in head.headers where isEqual(name, "host") {
      hosts += 1
      guard value.utf8.allSatisfy(isHostByte) else { throw RequestRefusal(.badRequest, "the Host field is not a host") }
    }
    if hosts > 1 { throw RequestRefusal(.badRequest, "there is more than one Host field") }
    if hosts == 0 && head.version != .http1_0 { throw RequestRefusal(.badRequest, "the Host field is missing") }
  }

  /// RFC 9112 section 6.1: requests are smuggled where the end of a body can be read in two ways.
  private static func checkFraming(_ head: HTTPRequestHead) throws(RequestRefusal) {
    let lengths = head.headers["content-length"]
    let encodings = head.headers["transfer-encoding"]
    guard lengths.count <= 1, lengths.isEmpty || encodings.isEmpty else {
      throw RequestRefusal(.badRequest, "the length of the body is given more than once")
    }
    if encodings.isEmpty { return }
    guard encodings.count == 1, encodings[0].asciiLowercased.isSame(as: "chunked") else {
      throw RequestRefusal(.badRequest, "the only supported transfer coding is chunked")
    }
    guard head.version != .http1_0 else { throw RequestRefusal(.badRequest, "HTTP/1.0 has no Transfer-Encoding") }
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["),
      UInt8(ascii: "]"), UInt8(ascii: "%"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private static func isEqual(_ name: String, _ lowercase: StaticString) -> Bool {
    name.utf8.count == lowercase.utf8CodeUnitCount
      && zip(name.utf8, UnsafeBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount))
        .allSatisfy { $0 | 0x20 == $1 }
  }
}
