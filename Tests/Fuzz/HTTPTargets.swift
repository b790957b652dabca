import FoundationEssentials
import NIOCore
import NIOHTTP1
import Values

@testable import AgentProtocol
@testable import Listener

/// The bytes from an admitted client: first the parts separately, then everything together in memory.
let httpTargets = [
  FuzzTarget("http-head", words: headWords + targetWords, seeds: { headSeeds.map { Array($0.utf8) } }) { input in
    for check in [checkHead, checkTarget, checkRange] { try? check(input) }
  },
  FuzzTarget("job-request", atMost: 32768, words: jobWords, seeds: { [Array(jobSeed.utf8)] }) { input in
    let request = try JobRequest(json: ByteBuffer(bytes: input))
    checkLimits(request)
    let again = try JSONDecoder().decode(JobRequest.self, from: JSONEncoder().encode(request))
    promise(again == request, "a job is read as it was written")
  },
  FuzzTarget("http1", atMost: 16384, words: headWords + targetWords, seeds: { http1Seeds }, checkHTTP1),
  FuzzTarget(
    "http2", atMost: 16384, words: headWords + targetWords + [":method", ":path", ":scheme", ":authority"],
    seeds: { http2Seeds }, checkHTTP2),
]

/// A head as passed by the parser: the first line is `METHOD TARGET`, the others are fields.
private func checkHead(_ input: [UInt8]) throws {
  var lines = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map {
    $0.split(separator: " ", maxSplits: 1)
  }
  let first = lines.removeFirst()
  var head = HTTPRequestHead(
    version: .http1_1, method: HTTPMethod(rawValue: String(first.first ?? "")),
    uri: String(first.count > 1 ? first[1] : ""))
  // The parsers do not accept other names.
  for line in lines where line.count == 2 && line[0].utf8.allSatisfy({ $0 < 0x80 }) {
    head.headers.add(name: String(line[0]), value: String(line[1]))
  }
  let request: Request
  do throws(RequestRefusal) { request = try Request(head, limits: HTTPLimits()) } catch {
    return promise(
      isOnePrintableLine(error.problem.detail), "a refusal is one line: \(error.problem.detail.debugDescription)")
  }
  let (lengths, codings) = (head.headers["content-length"], head.headers["transfer-encoding"])
  promise(lengths.count + codings.count <= 1, "where a body ends is said once")
  promise(codings.allSatisfy { $0.lowercased() == "chunked" }, "in one way")
  promise(head.headers["host"].count == 1, "there is one Host")
  if case .submit = request.work { return }
  promise(HeadRules.announcedBody(head) == .none, "only a submit has a body")
}

private func checkTarget(_ input: [UInt8]) throws {
  let text = String(decoding: input, as: UTF8.self)
  let target: RequestTarget
  do throws(RequestRefusal) { target = try RequestTarget(text) } catch {
    return promise(
      isOnePrintableLine(error.problem.detail), "a refusal is one line: \(error.problem.detail.debugDescription)")
  }
  promise(target.path.count <= 16 && target.query.count <= 16, "a target has few parts")
  promise(!target.path.contains { $0.contains("\0") }, "no part is cut at a NUL")
  promise(try RequestTarget(encoded(target)) == target, "a target is read as it was written: \(encoded(target))")
  for operation in Operation.allCases {
    guard let query = try? Query(target.query, for: operation) else { continue }
    if let number = try? query.number("limit", 1...1000) {
      promise((1...1000).contains(number), "a number is in its range")
    }
    if let seconds = try? query.seconds("wait", atMost: 3600) {
      promise((0...3600).contains(seconds), "seconds are bounded")
    }
    if let cursor = try? query.text("cursor", atMost: 256) {
      promise((1...256).contains(cursor.utf8.count), "a text is bounded")
    }
    _ = try? (query.flag("follow"), query.value("since", "a time", Timestamp.init))
  }
}

private func encoded(_ target: RequestTarget) -> String {
  func encoded(_ text: String) -> String {
    text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
  let query = target.query.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
  return "/" + target.path.map(encoded).joined(separator: "/") + (query.isEmpty ? "" : "?\(query)")
}

private func checkRange(_ input: [UInt8]) throws {
  var reader = InputReader(input)
  let size = Int64(1) << (reader.byte() % 63) - 1
  guard let range = ByteRange(String(decoding: reader.remainder(), as: UTF8.self)) else { return }
  for size in [0, 1, size, .max] {
    guard let part = range.resolved(size: size) else { continue }
    promise(!part.isEmpty && part.lowerBound >= 0 && part.upperBound <= size, "a range lies within the file")
  }
}

private let headWords = [
  "\r\n", "\r\n\r\n", "Host: a\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive", "Upgrade: h2c", "0\r\n\r\n", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "PUT ", "GET ", "POST ",
  "DELETE ", "HEAD ", "Range: bytes=0-1",
  "Content-Type: application/json", "host a", "content-length 2", "transfer-encoding chunked", "range bytes=0-1", "\t",
  "; x=y", "2\r\n{}\r\n",
]
private let targetWords = [
  "/v1/agent", "/metrics", "/v1/jobs", "/v1/jobs/j1", "/v1/jobs/slow", "/v1/jobs/running/output", "/output", "/cancel",
  "?wait=",
  "?follow=1", "?offset=", "?limit=",
  "&cursor=", "&state=", "&since=2026-11-23T02:00:00Z", "&label=a=b", "%00", "%2F", "%2e%2e", "https://", "?", "&", "=",
]
private let jobWords =
  JobRequest.CodingKeys.allCases.map { "\"\($0.rawValue)\":" } + [
    "[\"a\"]", "\\u0000", "\\ud83d\\ude00", "\\ud800", "1e308", "-0", "1e-400", "null", "[[[[[[[[", "{\"a\":{\"a\":",
    "\"/\"", "9223372036854775808",
  ]
private let headSeeds = [
  "PUT /v1/jobs/j1\nhost a\ncontent-length 2\ncontent-type application/json", "\u{8}bytes=0-9", "\u{20}bytes=-5",
  "\u{40}BYTES=7-",
  "GET /v1/jobs/j1/output\nhost a\nrange bytes=0-9", "/v1/jobs/j1?wait=2.5", "https://a/v1/%61gent",
  "/v1/jobs?state=running&label=a=b&limit=3&cursor=x&since=2026-11-23T02:00:00Z",
]
let jobSeed = """
  {"command":["/bin/sh","-c","true"],"user":"nobody","group":"g","directory":"/tmp","environment":{"A":"b"},\
  "stdin":"x\\u00e4","timeout":1.5,"kill_grace":2,"output_limit":10,"labels":{"a":"b"}}
  """
