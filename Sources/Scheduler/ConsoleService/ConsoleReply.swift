import FoundationEssentials
import NIOHTTP1

/// An answer of the console.
struct ConsoleReply: Sendable {
  /// Writes a body piece by piece; each call returns when the peer has room for more.
  typealias Writer = @Sendable ([UInt8]) async throws -> Void

  enum Body: Sendable {
    case whole([UInt8])
    /// Called to write the body. If it throws before it has written, the error is the answer.
    case stream(@Sendable (@escaping Writer) async throws -> Void)
  }

  var status = HTTPResponseStatus.ok
  var type = "application/json"
  var headers: [(String, String)] = []
  let body: Body

  init(_ body: Body, type: String, headers: [(String, String)] = []) {
    self.body = body
    self.type = type
    self.headers = headers
  }

  /// Creates an answer with a value as JSON.
  init(json value: some Encodable, status: HTTPResponseStatus = .ok) throws {
    body = .whole(Self.json(value))
    self.status = status
  }

  /// Creates a refusal, whose reason the page shows.
  init(_ status: HTTPResponseStatus, _ reason: String) {
    self.status = status
    body = .whole(Self.json(["error": reason]))
  }

  /// Creates a refusal for a person without the page.
  init(_ status: HTTPResponseStatus, page reason: String) {
    self.status = status
    type = "text/plain; charset=utf-8"
    body = .whole(Array("\(reason)\n".utf8))
  }

  static func json(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map(Array.init) ?? Array("{}".utf8)
  }

  /// The fields of every answer: the page runs nothing but its own files, and nothing embeds it or keeps it.
  static let fixedHeaders = [
    ("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"),
    ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
  ]
}

/// A request that is refused with this reason.
struct ConsoleRefusal: Error {
  let status: HTTPResponseStatus
  let reason: String

  init(_ status: HTTPResponseStatus, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}
