import AgentProtocol
import NIOCore
import NIOHTTP1

@testable import Listener

/// The first byte gives the size of the pieces in which the others arrive.
func checkHTTP1(_ input: [UInt8]) throws {
  guard let first = input.first, input.count > 1 else { return }
  let bytes = Array(input.dropFirst())
  let (whole, pieces) = (try MemoryConnection(.http1), try MemoryConnection(.http1))
  whole.send(bytes)
  pieces.send(bytes, inPiecesOf: 1 + Int(first) % 64)
  promise(
    whole.commands == pieces.commands,
    "it makes no difference how requests are cut: \(whole.commands) and \(pieces.commands)")
  promise(
    statuses(whole.received) == statuses(pieces.received),
    "nor to the answers: \(statuses(whole.received)) and \(statuses(pieces.received))")
  let expected = StrictRequests(bytes).commands
  promise(expected.starts(with: whole.commands), "no request is smuggled: \(whole.commands) in place of \(expected)")
  for connection in [whole, pieces] { connection.checkEnd() }
}

/// The input follows the preface and settings.
func checkHTTP2(_ input: [UInt8]) throws {
  guard let first = input.first else { return }
  let connection = try MemoryConnection(.http2)
  connection.send(
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame.settings + Array(input.dropFirst()),
    inPiecesOf: first < 128 ? .max : Int(first))
  promise(connection.commands.count <= input.count / 10, "every request has a frame of its own")
  connection.checkEnd()
  Frame.check(connection.received)
}

/// Returns the status codes of final answers in HTTP/1. No body here contains anything like a status line.
private func statuses(_ bytes: [UInt8]) -> [String] {
  String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").filter { $0.hasPrefix("HTTP/1.") }.map {
    String($0.dropFirst(9).prefix(3))
  }
}

private enum Frame {
  static let settings = bytes(4, 0, 0, [])

  static func bytes(_ kind: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), kind, flags, 0, 0, 0, stream] + payload
  }

  static func request(_ stream: UInt8, _ method: String, _ path: String, body: String? = nil) -> [UInt8] {
    let fields = [(":method", method), (":scheme", "https"), (":authority", "a"), (":path", path)]
    let block = fields.flatMap { (name, value) -> [UInt8] in
      [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
    }
    return bytes(1, body == nil ? 5 : 4, stream, block) + (body.map { bytes(0, 1, stream, Array($0.utf8)) } ?? [])
  }

  /// RFC 9113 section 4.1: the listener sends complete frames of known kinds within the default size.
  static func check(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while rest.count >= 9 {
      let header = Array(rest.prefix(9))
      let length = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
      promise(header[3] <= 9 && length <= 1 << 14 && length <= rest.count - 9, "frames are well formed")
      rest = rest.dropFirst(9 + length)
    }
    promise(rest.isEmpty, "the last frame is whole")
  }
}

let http2Seeds: [[UInt8]] = [
  [0] + Frame.request(1, "GET", "/v1/agent") + Frame.request(3, "GET", "/v1/jobs/running/output?follow"),
  [200] + Frame.request(1, "PUT", "/v1/jobs/j1", body: jobSeed) + Frame.bytes(6, 0, 0, Array(1...8))
    + Frame.request(3, "GET", "/v1/jobs/slow?wait=5"),
  [0] + Frame.bytes(4, 1, 0, []) + Frame.request(1, "GET", "/v1/jobs/j1/output") + Frame.bytes(8, 0, 1, [0, 0, 1, 0])
    + Frame.bytes(3, 0, 1, [0, 0, 0, 8]),
  [0] + Frame.bytes(4, 0, 0, [0, 4, 0, 0, 0, 1]) + Frame.request(1, "GET", "/v1/jobs/j1/output")
    + Frame.bytes(7, 0, 0, Array(repeating: 0, count: 8)),
]

let http1Seeds: [[UInt8]] = {
  func request(_ line: String, _ fields: [String] = [], _ body: String = "") -> String {
    ([line + " HTTP/1.1", "Host: a"] + fields + ["", body]).joined(separator: "\r\n")
  }
  let put = request("PUT /v1/jobs/j1", ["Content-Length: \(jobSeed.utf8.count)"], jobSeed)
  let chunks = request(
    "PUT /v1/jobs/j2", ["Transfer-Encoding: chunked", "Expect: 100-continue"],
    "12;x=y\r\n{\"command\":[\"/a\"]}\r\n0\r\nX: y\r\n\r\n")
  let texts = [
    request("GET /v1/agent") + request("GET /v1/jobs/j1") + put, chunks + request("DELETE /v1/jobs/j1"),
    request("HEAD /v1/jobs/j1/output", ["Range: bytes=0-1"]) + request("GET /v1/jobs/running/output?follow=1")
      + request("POST /v1/jobs/j/cancel"),
    request("GET /v1/jobs/slow?wait=1") + request("GET /v1/jobs"),
    "GET /v1/jobs/j1 HTTP/1.0\r\n\r\n" + request("GET /v1/jobs"),
    request("GET /v1/jobs", ["Connection: close"]) + put,
  ]
  return texts.map { Array("\u{40}\($0)".utf8) }
}()
