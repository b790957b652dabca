/// The parts of the host that a confined process can still access.
public struct Reach: Sendable {
  /// Files, and folders with everything below them, that can be read.
  public var readable: [String] = []
  /// Files, and folders with everything below them, that can be changed.
  public var changeable: [String] = []
  /// TCP ports that can be connected to, on any host.
  public var ports: [UInt16] = []
  /// Whether the process can signal others.
  public var signals = false

  /// Creates a reach that includes nothing.
  public init() {}

  /// What getaddrinfo(3) reads: its configuration and the modules that it loads, see nsswitch.conf(5); and what libdispatch reads about its
  /// threads, by number. For other processes, proc(5) then shows no memory, environment or descriptors, because ptrace(2) on them is
  /// denied.
  public static let nameServices = [
    "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf", "/etc/services",
    "/etc/ld.so.cache", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/proc",
  ]
  /// The port of name servers for queries that are too long for UDP, which is not confined.
  public static let nameServerPort: UInt16 = 53
}
