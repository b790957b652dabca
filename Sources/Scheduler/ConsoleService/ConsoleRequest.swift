import NIOHTTP1
import Wording

/// A request whose head is decoded; what it asks for is not judged yet.
struct ConsoleRequest: Sendable {
  /// The maximum size of the body of a request in bytes: those that have one are a few words.
  static let maximumBody = 4096

  let method: HTTPMethod
  let headers: HTTPHeaders
  /// The parts of the path, decoded: none for `/`.
  let path: [String]
  /// The parameters, decoded.
  let query: [String: String]

  /// - Returns: nil if the target is not a path with parameters in the right encoding, or has a parameter twice.
  init?(_ head: HTTPRequestHead) {
    method = head.method
    headers = head.headers
    let target = head.uri.parts(at: "?", most: 1)
    guard target[0].begins(with: "/"), target[0].utf8.count <= 1024 else { return nil }
    let parts = target[0].parts(at: "/").dropFirst().map(Self.decoded)
    guard parts.allSatisfy({ $0 != nil }) else { return nil }
    path = target[0].isSame(as: "/") ? [] : parts.compactMap(\.self)
    var query: [String: String] = [:]
    for parameter in target.count > 1 ? target[1].parts(at: "&") : [] {
      let pair = parameter.parts(at: "=", most: 1)
      guard pair.count == 2, let name = Self.decoded(pair[0]), let value = Self.decoded(pair[1]), query[name] == nil
      else { return nil }
      query[name] = value
    }
    self.query = query
  }

  /// Decodes percent-encoding; RFC 3986 section 2.1. Returns nil if it is wrong, or if the text is not UTF-8.
  private static func decoded(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  /// The names under which a browser on this host reaches the console, directly or through `ssh -L`.
  private static let hosts = ["127.0.0.1", "localhost", "[::1]"]

  /// Returns why the request does not come from the console's own page; nil if it does, or was typed by a person.
  ///
  /// Another name for this host (DNS rebinding) and another site's script have the browser's cookie, but not these fields.
  var strangeness: String? {
    let named = headers["host"]
    guard named.count == 1, Self.hosts.containsSame(as: Self.name(named[0]).asciiLowercased) else {
      return "the console answers to the names \(Self.hosts.joined(separator: ", ")) alone"
    }
    let origins = headers["origin"]
    let isOwn = origins.count == 1 && origins[0].isSame(as: "http://\(named[0])")
    if !isOwn, !(origins.isEmpty && method != .POST) { return "the request comes from another site, or does not say" }
    if let site = headers["sec-fetch-site"].first, path.first.map({ $0.isSame(as: "api") }) ?? false,
      !site.isSame(as: "same-origin")
    {
      return "the request comes from another site"
    }
    return nil
  }

  /// The host without its port.
  private static func name(_ host: String) -> String {
    guard let colon = host.utf8.lastIndex(of: UInt8(ascii: ":")),
      host.utf8[colon...].dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return host }
    return String(decoding: host.utf8[..<colon], as: UTF8.self)
  }
}
