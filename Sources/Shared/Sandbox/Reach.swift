/// What a confined process may still reach of the host.
public struct Reach: Sendable {
  /// Files, and folders with all below them, that can be read.
  public var readable: [String] = []
  /// Files, and folders with all below them, that can be changed.
  public var changeable: [String] = []
  /// TCP ports that can be connected to, on any host.
  public var ports: [UInt16] = []
  /// Whether other processes can be signalled.
  public var signals = false

  /// Nothing.
  public init() {}

  /// What getaddrinfo(3) reads: its configuration, and the modules that it loads; nsswitch.conf(5). And what libdispatch reads of its
  /// threads, by their numbers; of other processes proc(5) shows no memory, environment or descriptor then, because ptrace(2) of them is
  /// denied.
  public static let nameServices = [
    "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf", "/etc/services",
    "/etc/ld.so.cache", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/proc",
  ]
  /// Where name servers are asked what is too long for UDP, which is not confined.
  public static let nameServerPort: UInt16 = 53
}
