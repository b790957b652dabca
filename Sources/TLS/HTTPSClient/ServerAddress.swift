import AgentProtocol

/// Where a server is, and who it has to be.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
  /// The DNS name or IP address to connect to.
  public var host: String
  /// The TCP port.
  public var port: Int
  /// The DNS name or IP address that the server's certificate has to be for.
  public var name: String

  /// - Parameter name: `nil` for the host.
  public init(host: String, port: Int, name: String? = nil) {
    self.host = host
    self.port = port
    self.name = name ?? host
  }

  /// Reads what `HostAndPort.parts(_:)` takes apart.
  ///
  /// - Parameter port: where the text has none.
  /// - Returns: `nil` for anything else.
  public init?(_ text: String, port: Int) {
    guard let parts = HostAndPort.parts(text) else { return nil }
    self.init(host: parts.host, port: parts.port.map(Int.init) ?? port)
  }

  /// `HOST:PORT`.
  public var description: String { HostAndPort.text(host, port) }
}
