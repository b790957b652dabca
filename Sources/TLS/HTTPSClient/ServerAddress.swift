import AgentProtocol

/// The address of a server, and the name that it must prove.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
  /// The DNS name or IP address to connect to.
  public var host: String
  /// The TCP port.
  public var port: Int
  /// The DNS name or IP address that the server's certificate must be valid for.
  public var name: String

  /// - Parameter name: if `nil`, the host.
  public init(host: String, port: Int, name: String? = nil) {
    self.host = host
    self.port = port
    self.name = name ?? host
  }

  /// Parses a text as `HostAndPort.parts(_:)` does.
  ///
  /// - Parameter port: used if the text has none.
  /// - Returns: `nil` for any other text.
  public init?(_ text: String, port: Int) {
    guard let parts = HostAndPort.parts(text) else { return nil }
    self.init(host: parts.host, port: parts.port.map(Int.init) ?? port)
  }

  /// `HOST:PORT`.
  public var description: String { HostAndPort.text(host, port) }
}
