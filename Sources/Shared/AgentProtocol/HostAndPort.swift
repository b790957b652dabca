/// A host and a TCP port, in the notation used by people and logs.
public enum HostAndPort {
  /// The default port of agents.
  public static let agentPort = 5773

  /// Returns `HOST:PORT`, with brackets around an IPv6 address; RFC 3986 section 3.2.2.
  public static func text(_ host: String, _ port: some BinaryInteger) -> String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// Parses `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; an IPv6 address without brackets has no port.
  ///
  /// - Returns: `nil` for anything else; the port is `nil` if the text has none.
  public static func parts(_ text: String) -> (host: String, port: UInt16?)? {
    let (host, rest) = split(text)
    guard (1...255).contains(host.utf8.count), host.utf8.allSatisfy(isAllowed) else { return nil }
    if rest.isEmpty { return (host, nil) }
    guard rest.first == ":", rest.dropFirst().allSatisfy({ ("0"..."9").contains($0) }),
      let port = UInt16(rest.dropFirst()), port > 0
    else { return nil }
    return (host, port)
  }

  private static func split(_ text: String) -> (host: String, rest: Substring) {
    if text.first == "[", let end = text.firstIndex(of: "]") {  // text: the next line checks its bytes
      return (String(text[text.index(after: text.startIndex)..<end]), text[text.index(after: end)...])
    }
    let colons = text.utf8.indices.filter { text.utf8[$0] == UInt8(ascii: ":") }
    guard colons.count == 1, let colon = colons.first else { return (text, "") }
    return (String(text[..<colon]), text[colon...])
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    byte > UInt8(ascii: " ") && byte < 127 && !"/@[]?#".utf8.contains(byte)
  }
}
