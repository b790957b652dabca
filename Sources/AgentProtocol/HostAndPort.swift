/// A host and a TCP port, as people and logs write them.
public enum HostAndPort {
  /// The port that agents listen on where nobody chose another.
  public static let agentPort = 5773

  /// `HOST:PORT`, with brackets around an IPv6 address; RFC 3986 section 3.2.2.
  public static func text(_ host: String, _ port: some BinaryInteger) -> String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
