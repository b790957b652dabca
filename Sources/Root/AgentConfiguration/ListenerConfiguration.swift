import AgentProtocol
import Values

/// What listener.toml says: how the agent is reached. Written by `agent-register -L`.
public struct ListenerConfiguration: Equatable, Sendable {
  /// The listener certificate; `nil` while none is chosen.
  public var certificate: Thumbprint?
  /// The authentication methods: `tls`, the only one there is.
  public var methods: [String]
  /// The addresses to listen on, IPv4 or IPv6 literals; 1 to 16, each once.
  public var addresses: [String]
  /// The TCP port; 1 to 65535.
  public var port: Int

  /// The enrolment service at which the certificate is renewed, `HOST:PORT`; `nil` if it is not renewed by itself.
  public var enrolmentServer: String?
  /// When the certificate is to be renewed; not `nil` where there is an enrolment service and a certificate.
  public var renewAt: Timestamp?

  /// What a file may have; listener.toml(5) says of each what it means.
  static let keys = ["certificate", "methods", "addresses", "port", "enrolment_server", "renew_at"]

  /// The most addresses.
  public static let maximumAddresses = 16

  /// By default, what holds while there is no listener.toml.
  public init(
    certificate: Thumbprint? = nil, methods: [String] = ["tls"], addresses: [String] = ["0.0.0.0", "::"],
    port: Int = HostAndPort.agentPort
  ) {
    self.certificate = certificate
    self.methods = methods
    self.addresses = addresses
    self.port = port
  }

  /// Reads `file`.
  ///
  /// - Parameter isRoot: root reads no file that others can write to.
  /// - Returns: `nil` if there is no such file.
  public static func load(_ file: String, isRoot: Bool) throws(ConfigurationError) -> ListenerConfiguration? {
    guard let bytes = try TOMLDocument.contents(of: file, mustBeOwn: isRoot) else { return nil }
    return try ListenerConfiguration(TOMLDocument(bytes, file: file).root)
  }
}
