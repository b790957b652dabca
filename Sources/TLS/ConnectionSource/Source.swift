import AgentProtocol
import NIOCore

/// The origin of connections as limits distinguish it: an IPv4 address, or the /64 network that an IPv6 host has to itself.
public struct Source: Hashable, Sendable, CustomStringConvertible {
  private enum Kind: Hashable, Sendable {
    case ipv4(UInt32)
    case ipv6(UInt64)
    case unknown
  }

  private let kind: Kind

  /// Creates the source of a peer; all peers without a known address are one source.
  public init(_ peer: SocketAddress?) {
    kind =
      switch peer {
      case .v4(let address)?: .ipv4(UInt32(bigEndian: address.address.sin_addr.s_addr))
      case .v6(let address)?: withUnsafeBytes(of: address.address.sin6_addr) { Self.kind($0) }
      default: .unknown
      }
  }

  private static func kind(_ address: UnsafeRawBufferPointer) -> Kind {
    let isMappedIPv4 = address.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
    if isMappedIPv4 { return .ipv4(UInt32(bigEndian: address.loadUnaligned(fromByteOffset: 12, as: UInt32.self))) }
    return .ipv6(UInt64(bigEndian: address.loadUnaligned(as: UInt64.self)))
  }

  /// Returns a peer's full address with its port, as in logs.
  public static func text(_ peer: SocketAddress?) -> String {
    guard let peer, let address = peer.ipAddress, let port = peer.port else { return "unknown" }
    // A dual-stack socket shows IPv4 addresses in this form; RFC 4291 section 2.5.5.2.
    let mapped = "::ffff:"
    let isMapped = address.hasPrefix(mapped) && address.contains(".")
    return HostAndPort.text(isMapped ? String(address.dropFirst(mapped.count)) : address, port)
  }

  /// The address, or the network in the form `2001:db8:0:1::/64`.
  public var description: String {
    switch kind {
    case .ipv4(let address): Self.parts(address, of: UInt8.self).map { String($0) }.joined(separator: ".")
    case .ipv6(let network):
      Self.parts(network, of: UInt16.self).map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
    case .unknown: "unknown"
    }
  }

  /// Splits `number` into parts, most significant first.
  private static func parts<Whole: FixedWidthInteger, Part: FixedWidthInteger>(
    _ number: Whole, of: Part.Type
  ) -> [Part] {
    stride(from: Whole.bitWidth - Part.bitWidth, through: 0, by: -Part.bitWidth).map {
      Part(truncatingIfNeeded: number >> $0)
    }
  }
}
