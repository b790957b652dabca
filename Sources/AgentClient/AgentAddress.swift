import AgentProtocol

/// Where an agent is, and who it has to be.
public struct AgentAddress: Hashable, Sendable, CustomStringConvertible {
  /// The DNS name or IP address to connect to.
  public var host: String
  /// The TCP port.
  public var port: Int
  /// The DNS name or IP address that the agent's certificate has to be for.
  public var name: String

  /// An address of these parts.
  ///
  /// - Parameter name: `nil` for the host.
  public init(host: String, port: Int = HostAndPort.agentPort, name: String? = nil) {
    self.host = host
    self.port = port
    self.name = name ?? host
  }

  /// Reads `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; an IPv6 address without brackets has no port.
  ///
  /// - Returns: `nil` for anything else.
  public init?(_ text: String) {
    let (host, rest) = Self.split(text)
    guard (1...255).contains(host.utf8.count), host.utf8.allSatisfy(Self.isAllowed) else { return nil }
    if rest.isEmpty {
      self.init(host: host)
      return
    }
    guard rest.first == ":", rest.dropFirst().allSatisfy({ ("0"..."9").contains($0) }),
      let port = UInt16(rest.dropFirst()), port > 0
    else { return nil }
    self.init(host: host, port: Int(port))
  }

  private static func split(_ text: String) -> (host: String, rest: Substring) {
    if text.first == "[", let end = text.firstIndex(of: "]") {
      return (String(text[text.index(after: text.startIndex)..<end]), text[text.index(after: end)...])
    }
    guard text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") else { return (text, "") }
    return (String(text[..<colon]), text[colon...])
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    byte > UInt8(ascii: " ") && byte < 127 && !"/@[]?#".utf8.contains(byte)
  }

  /// `HOST:PORT`.
  public var description: String { HostAndPort.text(host, port) }
}
