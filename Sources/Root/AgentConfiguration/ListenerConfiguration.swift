import AgentProtocol
import Values

/// The contents of listener.toml: how the agent is reached. Written by `agent-register -L`.
public struct ListenerConfiguration: Equatable, Sendable {
  /// The listener certificate; `nil` if none has been chosen.
  public var certificate: Thumbprint?
  /// The authentication methods; `tls` is the only one.
  public var methods: [String]
  /// The addresses to listen on, IPv4 or IPv6 literals; 1 to 16, without duplicates.
  public var addresses: [String]
  /// The TCP port; 1 to 65535.
  public var port: Int

  /// The enrolment service that renews the certificate, `HOST:PORT`; `nil` if it is not renewed automatically.
  public var enrolmentServer: String?
  /// When to renew the certificate; not `nil` if there is an enrolment service and a certificate.
  public var renewAt: Timestamp?

  /// The keys that a file may have; listener.toml(5) explains them.
  static let keys = ["certificate", "methods", "addresses", "port", "enrolment_server", "renew_at"]

  /// The maximum number of addresses.
  public static let maximumAddresses = 16

  /// Creates a configuration; the defaults apply while there is no listener.toml.
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
  /// - Parameter isRoot: root does not read a file that others can write to.
  /// - Returns: `nil` if the file does not exist.
  public static func load(_ file: String, isRoot: Bool) throws(ConfigurationError) -> ListenerConfiguration? {
    guard let bytes = try TOMLDocument.contents(of: file, mustBeOwn: isRoot) else { return nil }
    return try ListenerConfiguration(TOMLDocument(bytes, file: file).root)
  }

  /// Returns all errors in `file`.
  public static func errors(in file: String, isRoot: Bool) -> [ConfigurationError] {
    do throws(ConfigurationError) {
      guard let bytes = try TOMLDocument.contents(of: file, mustBeOwn: isRoot) else { return [] }
      let root = try TOMLDocument(bytes, file: file).root
      return root.readAll { table throws(ConfigurationError) in try ListenerConfiguration(table) }.errors
    } catch { return [error] }
  }
}
