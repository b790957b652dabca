import AgentProtocol
import FoundationEssentials
import NIOCore
import NIOHTTP1
import SupervisorLink

@testable import Listener

/// A second parser of HTTP/1 (RFC 9112), as strict as the RFC allows, which stops at anything it does not understand. Only what it finds
/// may ever be executed.
struct StrictRequests {
  /// The commands expected at the supervisor, in this order.
  private(set) var commands: [JobCommand] = []
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    rest = bytes[...]
    while let (head, body) = message() {
      if let command = Self.command(head, body), !command.waitsForTheEnd { commands.append(command) }
    }
  }

  private static func command(_ head: HTTPRequestHead, _ body: [UInt8]) -> JobCommand? {
    switch try? Request(head, limits: HTTPLimits()).work {
    case .ask(let command, _): command
    case .submit(let id, let trace):
      (try? JobRequest(json: ByteBuffer(bytes: body))).map { .submitJob(id, $0, trace: trace) }
    case .readOutput(let id, let stream, .follow): .openOutput(id, stream: stream, follow: true)
    case .readOutput(let id, let stream, _): .openOutput(id, stream: stream, follow: false)
    case .watchEvents(let position): .nextEvents(after: position, wait: 0)
    case .showAgent, nil: nil
    }
  }

  private mutating func message() -> (HTTPRequestHead, [UInt8])? {
    // Empty lines before a request are ignored, and a line feed alone may end one: section 2.2.
    while rest.first == 0x0A || rest.starts(with: [0x0D, 0x0A]) { rest = rest.dropFirst(rest.first == 0x0A ? 1 : 2) }
    guard let line = line() else { return nil }
    // Section 3 allows a recipient to accept several spaces in place of one.
    let words = line.split(separator: " ")
    guard words.count == 3, ["HTTP/1.0", "HTTP/1.1"].contains(words[2]) else { return nil }
    var head = HTTPRequestHead(
      version: words[2] == "HTTP/1.0" ? .http1_0 : .http1_1, method: HTTPMethod(rawValue: String(words[0])),
      uri: String(words[1]))
    guard let fields = fields() else { return nil }
    head.headers = fields
    guard let body = body(fields) else { return nil }
    return (head, body)
  }

  private mutating func fields() -> HTTPHeaders? {
    var fields = HTTPHeaders()
    while let line = line() {
      if line.isEmpty { return fields }
      let halves = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard halves.count == 2, !halves[0].isEmpty, halves[0].utf8.allSatisfy(Self.isToken) else { return nil }
      let value = halves[1].drop { $0 == " " || $0 == "\t" }
      fields.add(name: String(halves[0]), value: String(value.reversed().drop { $0 == " " || $0 == "\t" }.reversed()))
    }
    return nil
  }

  private mutating func body(_ fields: HTTPHeaders) -> [UInt8]? {
    switch (fields["content-length"], fields["transfer-encoding"]) {
    case ([], []): return []
    case (let lengths, []) where lengths.count == 1: return Self.number(lengths[0], radix: 10).flatMap { take($0) }
    case ([], let codings) where codings.count == 1 && codings[0].lowercased() == "chunked": return chunks()
    default: return nil
    }
  }

  private mutating func chunks() -> [UInt8]? {
    var body: [UInt8] = []
    while let line = line() {
      let digits = line.prefix { $0 != ";" && $0 != " " && $0 != "\t" }
      guard let size = Self.number(String(digits), radix: 16) else { return nil }
      if size == 0 { return fields() == nil ? nil : body }
      guard let chunk = take(size), self.line() == "" else { return nil }
      body += chunk
    }
    return nil
  }

  /// Returns the text up to CRLF; without control characters except tabs.
  private mutating func line() -> String? {
    guard let end = rest.firstIndex(of: 0x0D), rest[end...].starts(with: [0x0D, 0x0A]) else { return nil }
    let line = rest[..<end]
    guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { return nil }
    rest = rest[(end + 2)...]
    return String(decoding: line, as: UTF8.self)
  }

  private mutating func take(_ count: Int) -> [UInt8]? {
    guard rest.count >= count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  private static func number(_ digits: String, radix: Int) -> Int? {
    digits.utf8.allSatisfy { $0 > 0x2F && $0 < 0x7F } ? Int(digits, radix: radix) : nil
  }

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
