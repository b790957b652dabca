import Values
import Wording

/// A request target, split and percent-decoded: RFC 9112 section 3.2, origin-form or absolute-form.
///
/// Nothing is normalised: a path with dot segments or a double slash names no resource.
struct RequestTarget: Equatable {
  /// The path segments, without the empty one before the first slash.
  var path: [String]
  /// The names and values of the query, in order; a name without `=` has an empty value.
  var query: [Parameter]

  /// One `name=value` pair of a query.
  struct Parameter: Equatable {
    var name: String
    var value: String
  }

  /// The maximum number of query parameters, and of path segments.
  private static let mostParts = 16

  init(_ text: String) throws(RequestRefusal) {
    var rest = text[...]
    if let authority = Self.authorityPrefix(of: text) { rest = rest.dropFirst(authority) }
    if rest.isEmpty || rest.utf8.first == UInt8(ascii: "?") { rest = "/" + rest }
    guard rest.utf8.first == UInt8(ascii: "/") else {
      throw RequestRefusal(.badRequest, "the request target must be a path")
    }
    guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
      throw RequestRefusal(.badRequest, "the request target contains a character that must be percent-encoded")
    }
    let halves = rest.dropFirst().split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)  // text: ASCII
    path = try Self.decodedParts(of: halves[0], separator: "/") { part throws(RequestRefusal) in try Self.decode(part) }
    query =
      halves.count == 1 || halves[1].isEmpty
      ? []
      : try Self.decodedParts(of: halves[1], separator: "&") { part throws(RequestRefusal) in try Self.parameter(part) }
  }

  /// Returns the length of scheme and authority of an absolute-form target, in characters; `nil` in origin-form.
  ///
  /// The host makes no difference: there is one agent on this port.
  private static func authorityPrefix(of text: String) -> Int? {
    let scheme = "https://"
    guard text.asciiLowercased.begins(with: scheme) else { return nil }
    return scheme.count + text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }.count
  }

  private static func decodedParts<Part>(
    of text: Substring, separator: Character, _ decode: (Substring) throws(RequestRefusal) -> Part
  ) throws(RequestRefusal) -> [Part] {
    let parts = text.split(separator: separator, maxSplits: mostParts, omittingEmptySubsequences: false)
    guard parts.count <= mostParts else { throw RequestRefusal(.badRequest, "the request target has too many parts") }
    var decoded: [Part] = []
    for part in parts { decoded.append(try decode(part)) }
    return decoded
  }

  private static func parameter(_ text: Substring) throws(RequestRefusal) -> Parameter {
    let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)  // text: ASCII
    let parameter = Parameter(name: try decode(halves[0]), value: halves.count == 2 ? try decode(halves[1]) : "")
    if parameter.name.isEmpty { throw RequestRefusal(.badRequest, "a query parameter has no name") }
    return parameter
  }

  /// Percent-decodes, RFC 3986 section 2.1. A plus sign stays a plus sign.
  private static func decode(_ text: Substring) throws(RequestRefusal) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
        throw RequestRefusal(.badRequest, "a percent sign in the request target needs two hex digits after it")
      }
      bytes.append(high << 4 | low)
    }
    guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
      throw RequestRefusal(.badRequest, "the request target must be UTF-8 without NUL when percent-decoded")
    }
    return decoded
  }
}
